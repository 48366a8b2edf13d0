//! The order of a run. Loads take turns with the echo, so that what the machine does beside it hits both alike.

use crate::bench::ceilings::{Appends, GROUP, raw_appends, redb_appends};
use crate::bench::echo::{EchoProcess, Protocol};
use crate::bench::http::run::aws_clients;
use crate::bench::in_process::{Signers, decrypt_by_materials};
use crate::bench::load::Measured;
use crate::bench::operations::{CALLERS, Connections, Material, Operation};
use crate::bench::report::{Figure, Latency, Report, Threshold, median};
use crate::bench::scale::{Memory, fill, memory, replicated_key, restart, visible_in_peer};
use crate::bench::storm::{Turns, encrypt_beside_generation};
use crate::cluster::{Cluster, Endpoint};
use crate::names::NodeName;
use crate::wait::until;
use anyhow::Context;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

const LEADER_WITHIN: Duration = Duration::from_secs(30);
const MIB: f64 = 1_048_576.0;

/// How long and how often.
#[derive(Debug, Clone)]
pub struct Form {
    /// Only whether everything works: short, no thresholds.
    pub smoke: bool,
    /// Only this operation and the echo.
    pub only: Option<Operation>,
    /// Only what AWS clients see.
    pub aws_clients_only: bool,
    /// One load.
    pub load: Duration,
    /// Turns of all loads.
    pub repetitions: usize,
    /// Keys before the restart.
    pub keys: u64,
    /// Changes whose way to the peer region is timed.
    pub changes: usize,
    /// Rest before memory is read.
    pub rest: Duration,
}

impl Form {
    /// The full form: many short turns, of which the median counts, because what the host of this machine takes away
    /// comes and goes within seconds.
    pub fn full(keys: u64) -> Self {
        Self {
            smoke: false,
            only: None,
            aws_clients_only: false,
            load: Duration::from_secs(2),
            repetitions: 7,
            keys,
            changes: 50,
            rest: Duration::from_secs(10),
        }
    }

    /// About twenty seconds.
    pub fn smoke() -> Self {
        Self {
            smoke: true,
            only: None,
            aws_clients_only: false,
            load: Duration::from_millis(300),
            repetitions: 1,
            keys: 0,
            changes: 3,
            rest: Duration::from_millis(500),
        }
    }
}

/// A load: what, and through the leader or through a follower.
type Turn = (Operation, bool);

const TURNS: [Turn; 10] = [
    (Operation::Encrypt, true),
    (Operation::Encrypt, false),
    (Operation::Decrypt, true),
    (Operation::Decrypt, false),
    (Operation::GenerateDataKey, true),
    (Operation::GenerateDataKey, false),
    (Operation::SignP256, true),
    (Operation::SignP256, false),
    (Operation::SignRsa2048, true),
    (Operation::CreateKey, true),
];

impl Form {
    fn turns(&self) -> impl Iterator<Item = Turn> {
        let only = self.only;
        TURNS
            .into_iter()
            .filter(move |(operation, _)| only.is_none_or(|only| only == *operation))
    }
}

/// Runs everything on a cluster of two regions, of which only the first has been brought up.
///
/// # Errors
/// When a step does not work.
pub async fn run(cluster: &Cluster, form: &Form, out: &mut (impl Write + Send)) -> anyhow::Result<Report> {
    let [here, there] = cluster.regions() else {
        anyhow::bail!("the bench needs two regions");
    };
    let mut figures = Vec::new();
    tokio::time::sleep(form.rest).await;
    figures.extend(idle_memory(cluster, here)?);
    writeln!(out, "measuring the disk")?;
    let disk = disk(cluster, form)?;
    let leader = until("a leader", LEADER_WITHIN, || cluster.leader(here)).await?;
    writeln!(out, "measuring {here}, led by {leader}")?;
    let mut bench = Bench::new(cluster, leader).await?;
    if form.aws_clients_only {
        return report(form, bench.aws_clients(form, out).await?);
    }
    bench.turns(form, out).await?;
    figures.extend(bench.signers.figures());
    figures.extend(bench.rates(&disk)?);
    if form.only.is_some_and(|only| only != Operation::Encrypt) {
        return report(form, figures);
    }
    figures.push(bench.open_loop(form).await?);
    let storms = Turns {
        count: form.repetitions.min(3),
        load: form.load,
        rest: form.rest / 2,
    };
    writeln!(out, "making RSA-4096 keys beside Encrypt")?;
    figures.extend(encrypt_beside_generation(&bench.leader, &bench.material, storms).await?);
    if form.only.is_some() {
        return report(form, figures);
    }
    writeln!(out, "measuring what AWS clients see")?;
    figures.extend(bench.aws_clients(form, out).await?);
    figures.extend(disk.figures());
    figures.extend(tokio::task::block_in_place(|| decrypt_by_materials(form.load))?);
    let leader = until("a leader", LEADER_WITHIN, || cluster.leader(here)).await?;
    writeln!(out, "making {} keys and restarting a node", form.keys)?;
    let keys = fill(cluster, &leader, &bench.leader, &bench.material, form.keys).await?;
    figures.extend(restarted(cluster, &leader, keys).await?);
    writeln!(out, "timing changes on their way to {there}")?;
    let round_trip = bench.round_trip(form).await?;
    figures.extend(peer(cluster, here, there, form, &disk, &round_trip).await?);
    report(form, figures)
}

fn report(form: &Form, mut figures: Vec<Figure>) -> anyhow::Result<Report> {
    if form.smoke {
        figures.iter_mut().for_each(|figure| figure.met = None);
    }
    Ok(Report {
        form: if form.smoke { "smoke" } else { "full" },
        processors: std::thread::available_parallelism()?.get(),
        figures,
    })
}

#[expect(clippy::cast_precision_loss, reason = "MiB are shown with one digit")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / MIB
}

fn idle_memory(cluster: &Cluster, region: &str) -> anyhow::Result<Vec<Figure>> {
    let nodes = cluster.nodes_of(region);
    let all: anyhow::Result<Vec<Memory>> = nodes.iter().map(|node| memory(cluster, node)).collect();
    let all = all?;
    let most = all.iter().max().context("a region has nodes")?;
    let locked = all.iter().map(|m| m.locked_bytes).min().unwrap_or(0);
    let below = Threshold::Below(120.0);
    Ok(vec![
        Figure::plain("idle node, resident", mib(most.resident_bytes), "MiB").must_be(below),
        Figure::plain("idle node, address space under mlockall", mib(locked), "MiB"),
    ])
}

struct Disk {
    raw_single: Appends,
    raw_grouped: Appends,
    redb_single: Appends,
    redb_grouped: Appends,
}

fn disk(cluster: &Cluster, form: &Form) -> anyhow::Result<Disk> {
    let folder = cluster.folder();
    tokio::task::block_in_place(|| {
        Ok(Disk {
            raw_single: raw_appends(folder, 1, form.load)?,
            raw_grouped: raw_appends(folder, GROUP, form.load)?,
            redb_single: redb_appends(folder, 1, form.load)?,
            redb_grouped: redb_appends(folder, GROUP, form.load)?,
        })
    })
}

impl Disk {
    fn figures(&self) -> Vec<Figure> {
        vec![
            Figure::appends("disk: fdatasync, one record", &self.raw_single),
            Figure::appends(format!("disk: fdatasync, {GROUP} records"), &self.raw_grouped),
            Figure::appends("disk: redb, one record", &self.redb_single),
            Figure::appends(format!("disk: redb, {GROUP} records"), &self.redb_grouped),
        ]
    }
}

struct Bench<'a> {
    leader: Connections,
    follower: Connections,
    echo: Connections,
    material: Arc<Material>,
    signers: Signers,
    loads: BTreeMap<Turn, (Measured, Vec<f64>)>,
    echoes: Option<Measured>,
    // Ends with the bench.
    _echo: EchoProcess,
    cluster: &'a Cluster,
    leader_name: NodeName,
}

impl<'a> Bench<'a> {
    async fn new(cluster: &'a Cluster, leader: NodeName) -> anyhow::Result<Self> {
        let follower = cluster
            .nodes_of(&leader.region)
            .into_iter()
            .find(|node| *node != leader)
            .context("a region has followers")?;
        let address = |node: &NodeName| cluster.address(node, Endpoint::Client);
        let process = EchoProcess::start(cluster, &leader, Protocol::Grpc).await?;
        let material = Material::make(&mut cluster.kms(&leader)?).await?;
        Ok(Self {
            leader: Connections::open(cluster, &address(&leader))?,
            follower: Connections::open(cluster, &address(&follower))?,
            echo: Connections::open(cluster, &process.address())?,
            material: Arc::new(material),
            signers: Signers::new()?,
            loads: BTreeMap::new(),
            echoes: None,
            _echo: process,
            cluster,
            leader_name: leader,
        })
    }

    /// Echo, load, echo, load, ..., echo: each load is held against the mean of the echoes around it, and what signs also
    /// against the time that signing takes without a server, measured in the same turn.
    async fn turns(&mut self, form: &Form, out: &mut (impl Write + Send)) -> anyhow::Result<()> {
        // Connections are opened by their first calls, and caches filled: no part of what is measured.
        for connections in [&self.echo, &self.leader, &self.follower] {
            connections
                .closed(Operation::Encrypt, &self.material, CALLERS, form.load / 3)
                .await?;
        }
        for repetition in 1..=form.repetitions {
            let mut before = self.echo_turn(form).await?;
            for turn in form.turns() {
                let (operation, on_leader) = turn;
                let connections = if on_leader { &self.leader } else { &self.follower };
                let measured = connections
                    .closed(operation, &self.material, CALLERS, form.load)
                    .await?;
                if operation == Operation::CreateKey {
                    // Nodes go on writing images and snapshots of the new keys for a while.
                    tokio::time::sleep(form.rest).await;
                }
                let after = self.echo_turn(form).await?;
                let echo = f64::midpoint(before, after).max(1.0);
                let signers = &mut self.signers;
                let ceiling =
                    tokio::task::block_in_place(|| signers.ceiling(operation, echo, form.load / 2))?;
                let ratio = measured.per_second() / ceiling;
                before = after;
                writeln!(
                    out,
                    "  {repetition}/{} {operation:<16} {:<9} {:>9.0}/s  {ratio:.2} of {ceiling:.0}/s",
                    form.repetitions,
                    place(on_leader),
                    measured.per_second()
                )?;
                self.note(turn, &measured, ratio)?;
            }
            let leads = self.cluster.leader(&self.leader_name.region).await?;
            anyhow::ensure!(
                leads == self.leader_name,
                "the leader changed from {} to {leads} under load: the figures would mean nothing",
                self.leader_name
            );
        }
        Ok(())
    }

    async fn echo_turn(&mut self, form: &Form) -> anyhow::Result<f64> {
        let measured = self
            .echo
            .closed(Operation::Encrypt, &self.material, CALLERS, form.load)
            .await?;
        match &mut self.echoes {
            Some(all) => all.add(&measured)?,
            None => self.echoes = Some(measured.clone()),
        }
        Ok(measured.per_second())
    }

    fn note(&mut self, turn: Turn, measured: &Measured, ratio: f64) -> anyhow::Result<()> {
        match self.loads.get_mut(&turn) {
            Some((all, ratios)) => {
                all.add(measured)?;
                ratios.push(ratio);
            }
            None => {
                self.loads.insert(turn, (measured.clone(), vec![ratio]));
            }
        }
        Ok(())
    }

    fn rates(&self, disk: &Disk) -> anyhow::Result<Vec<Figure>> {
        let echoes = self.echoes.as_ref().context("the echo was measured")?;
        let mut figures = vec![Figure::rate("echo 1 KiB", echoes)];
        for ((operation, on_leader), (measured, ratios)) in TURNS
            .into_iter()
            .filter_map(|turn| Some((turn, self.loads.get(&turn)?)))
        {
            let name = format!("{operation}, {}", place(on_leader));
            let figure = Figure::rate(name, measured);
            figures.push(match operation {
                Operation::Encrypt => {
                    let least = if on_leader { 0.5 } else { 0.4 };
                    figure
                        .by("echo", median(ratios))
                        .ratio_must_be(Threshold::AtLeast(least))
                }
                Operation::SignP256 | Operation::SignRsa2048 => {
                    let figure = figure.by("1/(1/echo + 1/in-process)", median(ratios));
                    figure.ratio_must_be(Threshold::AtLeast(0.7))
                }
                Operation::Decrypt | Operation::GenerateDataKey => figure.by("echo", median(ratios)),
                Operation::CreateKey => {
                    let ratio = figure.value / disk.redb_grouped.records_per_second;
                    figure
                        .by("redb, grouped", ratio)
                        .must_be(Threshold::AtLeast(1_500.0))
                }
            });
        }
        Ok(figures)
    }

    async fn aws_clients(&self, form: &Form, out: &mut (impl Write + Send)) -> anyhow::Result<Vec<Figure>> {
        aws_clients(self.cluster, &self.leader_name, &self.material.key_id, form, out).await
    }

    /// Encrypt at half of what the leader can do: what callers of a region that is not overloaded see.
    async fn open_loop(&self, form: &Form) -> anyhow::Result<Figure> {
        let (measured, _) = self
            .loads
            .get(&(Operation::Encrypt, true))
            .context("Encrypt was measured")?;
        let rate = (measured.per_second() / 2.0).max(1.0);
        let measured = self
            .leader
            .open_at(Operation::Encrypt, &self.material, rate, form.load)
            .await?;
        let ratio = measured.per_second() / rate;
        let name = "Encrypt 1 KiB, open loop at half that rate";
        Ok(Figure::rate(name, &measured).by("rate asked for", ratio))
    }

    /// One caller of the echo: what a round trip costs here.
    async fn round_trip(&self, form: &Form) -> anyhow::Result<Latency> {
        let measured = self
            .echo
            .closed(Operation::Encrypt, &self.material, 1, form.load)
            .await?;
        Ok(Latency::of(&measured.latency_us))
    }
}

async fn restarted(cluster: &Cluster, leader: &NodeName, keys: u64) -> anyhow::Result<Vec<Figure>> {
    let region = &leader.region;
    let follower = cluster
        .nodes_of(region)
        .into_iter()
        .find(|node| node != leader)
        .context("a region has followers")?;
    let took = restart(cluster, &follower).await?;
    let resident = memory(cluster, &follower)?.resident_bytes;
    let below = Threshold::Below(10.0);
    Ok(vec![
        Figure::plain(
            format!("restart of a node with {keys} keys"),
            took.as_secs_f64(),
            "s",
        )
        .must_be(below),
        Figure::plain(
            format!("restarted node with {keys} keys, resident"),
            mib(resident),
            "MiB",
        ),
    ])
}

/// Brings the second region up and times changes on their way there.
async fn peer(
    cluster: &Cluster,
    here: &str,
    there: &str,
    form: &Form,
    disk: &Disk,
    round_trip: &Latency,
) -> anyhow::Result<Vec<Figure>> {
    cluster.bring_up().await?;
    let leader_here = until("a leader", LEADER_WITHIN, || cluster.leader(here)).await?;
    let leader_there = until("a leader", LEADER_WITHIN, || cluster.leader(there)).await?;
    let (mut kms_here, mut kms_there) = (cluster.kms(&leader_here)?, cluster.kms(&leader_there)?);
    let key = replicated_key(&mut kms_here, &kms_there, there).await?;
    let seen = visible_in_peer(&mut kms_here, &mut kms_there, &key, form.changes).await?;
    let latency = Latency::of(&seen);
    let commit = Latency::of(&disk.redb_single.sync_us).p50_us;
    let unit = round_trip.p50_us + 2 * commit;
    let multiple = millis(latency.p50_us) / millis(unit.max(1));
    let mut shown = Figure::plain(
        "shared change visible in the peer region",
        millis(latency.p50_us),
        "ms",
    );
    shown.latency = Some(latency);
    Ok(vec![
        Figure::plain("round trip, one caller, median", millis(round_trip.p50_us), "ms"),
        Figure::plain("group commit, median", millis(commit), "ms"),
        shown.by("round trip + 2 group commits", multiple),
    ])
}

#[expect(clippy::cast_precision_loss, reason = "latencies are far below 2^52 us")]
fn millis(us: u64) -> f64 {
    us as f64 / 1_000.0
}

const fn place(on_leader: bool) -> &'static str {
    if on_leader { "leader" } else { "follower" }
}
