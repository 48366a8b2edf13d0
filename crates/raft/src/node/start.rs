//! Starting a node: disk, state, group, tasks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use kms_storage::{DataFolder, ImageOptions, SnapshotOptions, SnapshotStore};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::observe::observe;
use super::read_queue::ReadQueue;
use super::{Clock, Core, Inner, Node, QuorumHeard, presence, read};
use crate::error::StartError;
use crate::log_store::RaftLog;
use crate::network::{Admission, Dial, LocalIdentity, NetworkFactory, Peers, SnapshotInbox, VoteLine};
use crate::settings::RaftSettings;
use crate::state_machine::{
    EFFECTS_WAITING_MAX, EffectSender, EmittedEffect, ImageFeed, StateMachine, blocking, recover,
};

/// What a node needs to start.
pub struct NodeOptions {
    /// The open data folder of this node.
    pub disk: Arc<DataFolder>,
    /// Makes connections to peers.
    pub dial: Arc<dyn Dial>,
    /// Times and limits.
    pub settings: RaftSettings,
    /// Limits of snapshot files.
    pub snapshots: SnapshotOptions,
    /// Limits of the image of the applied state.
    pub image: ImageOptions,
    /// Which root key the node holds; not secret. Only nodes that hold the same are bootstrapped and added.
    pub root_key_id: [u8; 16],
    /// The wall clock, for [`Node::clocks`] and for peers that ask.
    pub clock: Clock,
}

/// A started node, and what it gives out.
pub struct Started {
    /// The handle.
    pub node: Node,
    /// Effects of committed entries. Those for every node always come; those for the leader only
    /// while this node leads. Effects are hints and are dropped when nobody takes them.
    pub effects: mpsc::Receiver<EmittedEffect>,
}

impl Node {
    /// Starts the node from its disk. It is part of no group until it is bootstrapped or added to
    /// one, and serves nothing before [`Node::wait_for_recovery`].
    ///
    /// # Errors
    /// [`StartError`] if the settings contradict each other, the disk cannot serve this node, or
    /// what is on it cannot be read by this version.
    pub async fn start(options: NodeOptions) -> Result<Started, StartError> {
        let NodeOptions {
            disk,
            dial,
            settings,
            snapshots,
            image,
            root_key_id,
            clock,
        } = options;
        let identity = disk.identity().clone();
        let config = settings
            .to_config(&identity.region)
            .map_err(StartError::Settings)?;

        let opening = Arc::clone(&disk);
        let (snapshots, (recovered, image)) = blocking(move || {
            let snapshots = SnapshotStore::open(&opening, snapshots)?;
            let recovered = recover(&opening, &snapshots, image)?;
            Ok((snapshots, recovered))
        })
        .await?;
        let leads = Arc::new(AtomicBool::new(false));
        let (effects, effects_rx) = mpsc::channel(EFFECTS_WAITING_MAX);
        let feed = ImageFeed::new(image, &recovered.membership);
        let effects = EffectSender::new(effects, Arc::clone(&leads));
        let machine = StateMachine::new(recovered, snapshots.clone(), feed, effects);
        let views = machine.views();

        let local = Arc::new(LocalIdentity::new(Arc::clone(&disk)));
        let peers = Arc::new(Peers::new(dial, Arc::clone(&local), settings.clone()));
        let network = NetworkFactory::new(Arc::clone(&peers));
        let log = RaftLog::new(disk.log().clone(), settings.append_bytes_max);
        let raft = openraft::Raft::new(identity.node_id, config, network, log, machine).await;
        let raft = raft.map_err(|error| StartError::State(error.to_string()))?;

        let cancel = CancellationToken::new();
        let observed = observe(&raft, leads, local.watch_superseded(), cancel.clone());
        let core = Arc::new(Core {
            raft,
            local: Arc::clone(&local),
            clock,
            peers: Arc::clone(&peers),
            views,
            readers: ReadQueue::new(settings.reads_waiting_max),
            confirming_turn: AtomicUsize::new(0),
            vote_line: VoteLine::default(),
            log: disk.log().clone(),
            proposals_waiting: Semaphore::new(settings.proposals_waiting_max),
            proposals_waiting_bytes: Semaphore::new(settings.proposals_waiting_bytes_max),
            settings,
            observed: observed.clone(),
            root_key_id,
            quorum_heard: QuorumHeard::default(),
        });
        read::start_asking(&core, cancel.clone());
        presence::start(&core, Arc::clone(&disk), cancel.clone());
        let admission = Admission::new(local, peers, observed.membership);
        let inbox = SnapshotInbox::new(snapshots.clone());
        let inner = Arc::new(Inner {
            core,
            admission,
            inbox,
            disk,
            snapshots,
            cancel,
        });
        Ok(Started {
            node: Node { inner },
            effects: effects_rx,
        })
    }
}
