//! The background writer of the image: a queue bounded in bytes, a thread, and the state in between.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::tree::{Changes, Tree};
use super::{ImageBatch, ImageMeta, ImageOptions, ImageRows};
use crate::log::LogStore;

/// About how many row bytes go into one batch.
const WRITE_BATCH_BYTES: usize = 1 << 20;

/// How the image stands to the applied state.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// There is no image on this disk; nothing is written.
    Off,
    /// Changes are taken; a whole state may be on its way before them.
    Following,
    /// Changes are dropped until a whole state comes.
    NeedsRebuild,
}

/// What the writer is to do next.
enum Work {
    Changes(Changes, ImageMeta),
    Rebuild(ImageRows, ImageMeta),
}

struct State {
    mode: Mode,
    queue: VecDeque<ImageBatch>,
    queue_bytes: usize,
    rebuild: Option<(ImageRows, ImageMeta)>,
    /// Raised whenever the queue is given up, so that work taken before it is not written after it.
    generation: u64,
    last_rebuild: Option<Instant>,
    persisted_index: Option<u64>,
    closing: bool,
}

pub(super) struct Shared {
    log: LogStore,
    options: ImageOptions,
    state: Mutex<State>,
    work: Condvar,
}

impl Shared {
    pub(super) fn new(log: LogStore, options: ImageOptions, exists: bool, following: bool) -> Self {
        let mode = match (exists, following) {
            (false, _) => Mode::Off,
            (true, true) => Mode::Following,
            (true, false) => Mode::NeedsRebuild,
        };
        let state = State {
            mode,
            queue: VecDeque::new(),
            queue_bytes: 0,
            rebuild: None,
            generation: 0,
            last_rebuild: None,
            persisted_index: None,
            closing: false,
        };
        Self {
            log,
            options,
            state: Mutex::new(state),
            work: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("nothing panics while holding the image's lock")
    }

    pub(super) fn persist(&self, batch: ImageBatch) {
        let bytes = size_bytes(&batch);
        let too_large = batch.changes.iter().any(|(key, value)| {
            key.len() + value.as_ref().map_or(0, |value| value.len()) > self.options.row_bytes_max
        });
        let mut state = self.lock();
        if state.mode != Mode::Following {
            return;
        }
        if too_large {
            tracing::warn!(
                bytes_max = self.options.row_bytes_max,
                "a row is too large for the image, which is off until the node restarts"
            );
            state.give_up(Mode::Off);
            return;
        }
        if state.queue_bytes + bytes > self.options.queue_bytes_max {
            tracing::warn!(
                bytes_max = self.options.queue_bytes_max,
                "the image does not keep up and is rebuilt"
            );
            state.give_up(Mode::NeedsRebuild);
            return;
        }
        state.queue_bytes += bytes;
        state.queue.push_back(batch);
        drop(state);
        self.work.notify_one();
    }

    pub(super) fn needs_rebuild(&self) -> bool {
        let state = self.lock();
        let pause = Duration::from_millis(self.options.rebuild_interval_ms_min);
        state.mode == Mode::NeedsRebuild && state.last_rebuild.is_none_or(|last| last.elapsed() >= pause)
    }

    pub(super) fn rebuild(&self, rows: ImageRows, meta: ImageMeta) {
        let mut state = self.lock();
        if state.mode == Mode::Off {
            return;
        }
        state.give_up(Mode::Following);
        state.rebuild = Some((rows, meta));
        drop(state);
        self.work.notify_one();
    }

    pub(super) fn mark_for_rebuild(&self, reason: &str) {
        let mut state = self.lock();
        if state.mode != Mode::Off {
            tracing::info!(reason, "the image is rebuilt");
            state.give_up(Mode::NeedsRebuild);
        }
    }

    pub(super) fn persisted_index(&self) -> Option<u64> {
        self.lock().persisted_index
    }

    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.work.notify_one();
    }

    /// Waits for work whose log entries are durable. `None` when the image is closed.
    fn next_work(&self) -> Option<(Work, u64)> {
        let mut state = self.lock();
        loop {
            let flushed = self.log.flushed_index();
            if let Some(work) = state.take_work(flushed) {
                return Some((work, state.generation));
            }
            if state.closing {
                return None;
            }
            let poisoned = "nothing panics while holding the image's lock";
            state = if state.is_idle() {
                self.work.wait(state).expect(poisoned)
            } else {
                // The entries are not durable yet; nobody wakes this thread when they are.
                self.work
                    .wait_timeout(state, self.options.gather())
                    .expect(poisoned)
                    .0
            };
        }
    }

    /// Gathers further changes, unless the image is being closed.
    fn gather(&self) {
        let state = self.lock();
        let gathered = self
            .work
            .wait_timeout_while(state, self.options.gather(), |state| !state.closing);
        drop(gathered.expect("nothing panics while holding the image's lock"));
    }

    fn is_current(&self, generation: u64) -> bool {
        let state = self.lock();
        state.generation == generation && !state.closing
    }

    fn wrote(&self, generation: u64, index: u64, rebuilt: bool) {
        let mut state = self.lock();
        if rebuilt {
            state.last_rebuild = Some(Instant::now());
        }
        if state.generation == generation {
            state.persisted_index = Some(index);
        }
    }

    fn failed(&self, mode: Mode) {
        let mut state = self.lock();
        state.last_rebuild = Some(Instant::now());
        state.give_up(mode);
    }
}

impl State {
    fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.rebuild.is_none()
    }

    /// Forgets what is queued.
    fn give_up(&mut self, mode: Mode) {
        self.mode = mode;
        self.generation += 1;
        self.queue.clear();
        self.queue_bytes = 0;
        self.rebuild = None;
        self.persisted_index = None;
    }

    /// A rebuild comes before the changes that follow it; changes are merged as far as their log
    /// entries are durable. A closing node does not begin to write a whole state.
    fn take_work(&mut self, flushed: Option<u64>) -> Option<Work> {
        if let Some((_, meta)) = &self.rebuild {
            if self.closing || Some(meta.applied.index) > flushed {
                return None;
            }
            return self.rebuild.take().map(|(rows, meta)| Work::Rebuild(rows, meta));
        }
        let mut changes = Changes::new();
        let mut last = None;
        let mut bytes = 0;
        while bytes < WRITE_BATCH_BYTES
            && let Some(batch) = self
                .queue
                .pop_front_if(|batch| Some(batch.meta.applied.index) <= flushed)
        {
            bytes += size_bytes(&batch);
            self.queue_bytes -= size_bytes(&batch);
            changes.extend(batch.changes);
            last = Some(batch.meta);
        }
        last.map(|meta| Work::Changes(changes, meta))
    }
}

fn size_bytes(batch: &ImageBatch) -> usize {
    let rows = batch.changes.iter().map(|(key, value)| {
        size_of::<ImageBatch>() + key.len() + value.as_ref().map_or(0, |value| value.len())
    });
    size_of::<ImageBatch>() + batch.meta.membership.len() + rows.sum::<usize>()
}

/// Starts the writer thread. Without it there is no image, which is said and is no error.
pub(super) fn spawn(shared: Arc<Shared>, tree: Tree) -> Option<JoinHandle<()>> {
    let own = Arc::clone(&shared);
    let spawned = std::thread::Builder::new()
        .name("kms-image-writer".to_owned())
        .spawn(move || run(&own, tree));
    spawned
        .map_err(|error| {
            tracing::warn!(%error, "the node runs without an image until it restarts");
            shared.failed(Mode::Off);
        })
        .ok()
}

/// Why a write did not happen, and how the image stands afterwards.
struct Failure {
    mode: Mode,
    reason: String,
}

impl Failure {
    fn again(reason: String) -> Self {
        Self {
            mode: Mode::NeedsRebuild,
            reason,
        }
    }

    fn off(reason: String) -> Self {
        Self {
            mode: Mode::Off,
            reason,
        }
    }
}

/// Works until the image is closed or off. The rows of a rebuild come from outside and may panic.
fn run(shared: &Shared, tree: Tree) {
    let mut tree = Some(tree);
    while let Some((work, generation)) = shared.next_work() {
        let done = catch_unwind(AssertUnwindSafe(|| write(shared, &mut tree, work, generation)));
        let done = done.unwrap_or_else(|_| Err(Failure::again("the image's writer panicked".to_owned())));
        if let Err(Failure { mode, reason }) = done {
            let off = mode == Mode::Off;
            tracing::warn!(%reason, off_until_restart = off, "the image cannot be written");
            shared.failed(mode);
            if off {
                return;
            }
        }
        shared.gather();
    }
}

fn write(shared: &Shared, slot: &mut Option<Tree>, work: Work, generation: u64) -> Result<(), Failure> {
    let tree = slot
        .take()
        .ok_or_else(|| Failure::off("the image could not be opened again".to_owned()))?;
    match work {
        Work::Changes(changes, meta) => {
            let written = tree.write(&changes, Some(&meta));
            *slot = Some(tree);
            written.map_err(Failure::again)?;
            shared.wrote(generation, meta.applied.index, false);
        }
        Work::Rebuild(rows, meta) => {
            let tree = slot.insert(tree.start_over().map_err(Failure::off)?);
            write_all(shared, tree, rows, &meta, generation)?;
        }
    }
    Ok(())
}

/// Writes a whole state; the meta row, which makes it complete, comes with the last rows. Stops when
/// the rebuild is given up.
fn write_all(
    shared: &Shared,
    tree: &Tree,
    rows: ImageRows,
    meta: &ImageMeta,
    generation: u64,
) -> Result<(), Failure> {
    let mut changes = Changes::new();
    let mut bytes = 0;
    for (key, value) in rows {
        if key.len() + value.len() > shared.options.row_bytes_max {
            return Err(Failure::off("a row is too large for the image".to_owned()));
        }
        bytes += key.len() + value.len();
        changes.insert(key, Some(value));
        if bytes >= WRITE_BATCH_BYTES {
            if !shared.is_current(generation) {
                return Ok(());
            }
            tree.write(&changes, None).map_err(Failure::again)?;
            changes.clear();
            bytes = 0;
        }
    }
    tree.write(&changes, Some(meta)).map_err(Failure::again)?;
    shared.wrote(generation, meta.applied.index, true);
    tracing::info!(
        index = meta.applied.index,
        "the image of the applied state is complete"
    );
    Ok(())
}
