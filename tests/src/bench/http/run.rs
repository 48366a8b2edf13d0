//! The order of the part that AWS clients see. Loads take turns with the echo, as everywhere in the bench.

use crate::bench::echo::{EchoProcess, Protocol};
use crate::bench::http::callers::{Call, Callers, Signing, Target};
use crate::bench::http::hostile::{Enemies, Harm};
use crate::bench::load::Measured;
use crate::bench::operations::{CALLERS, PLAINTEXT_BYTES};
use crate::bench::report::{Figure, Threshold, median};
use crate::bench::run::Form;
use crate::cluster::{ACCOUNT, Cluster, Endpoint};
use crate::names::NodeName;
use crate::wait::until;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use std::io::Write;
use std::time::Duration;

/// How long harm may take until it is under way.
const BEGUN_WITHIN: Duration = Duration::from_secs(60);

/// Measures Encrypt of `key_id` through the HTTP listener of a node, beside an echo, and then beside each kind of harm.
///
/// # Errors
/// When a step does not work.
pub async fn aws_clients(
    cluster: &Cluster,
    node: &NodeName,
    key_id: &str,
    form: &Form,
    out: &mut (impl Write + Send),
) -> anyhow::Result<Vec<Figure>> {
    let part = Part::new(cluster, node, key_id).await?;
    let mut figures = part.beside_echo(Signing::EachCall, form, out).await?;
    figures.extend(part.beside_echo(Signing::Once, form, out).await?);
    for harm in Harm::ALL {
        figures.extend(part.beside_harm(harm, form, out).await?);
    }
    Ok(figures)
}

struct Part {
    node: Callers,
    echo: Callers,
    body: Bytes,
    enemies: Enemies,
    // Ends with the part.
    _echo: EchoProcess,
}

impl Part {
    async fn new(cluster: &Cluster, node: &NodeName, key_id: &str) -> anyhow::Result<Self> {
        let credentials = cluster.make_administrator_at_home(ACCOUNT).await?;
        let echo = EchoProcess::start(cluster, node, Protocol::Http1).await?;
        let ca = cluster.client_ca();
        let port = cluster.port(node, Endpoint::Http);
        let target = Target::new(port, &ca, b"http/1.1")?;
        let echo_target = Target::new(echo.port(), &ca, b"http/1.1")?;
        let body = serde_json::to_vec(&serde_json::json!({
            "KeyId": key_id,
            "Plaintext": STANDARD.encode([0x5a; PLAINTEXT_BYTES]),
        }))?;
        Ok(Self {
            node: Callers::new(&target, CALLERS),
            echo: Callers::new(&echo_target, CALLERS),
            body: body.into(),
            enemies: Enemies {
                http2: Target::new(port, &ca, b"h2")?,
                target,
                region: node.region.clone(),
                credentials,
            },
            _echo: echo,
        })
    }

    /// A load of Encrypt, signed within it: signatures do not last for the whole part.
    async fn load(&self, callers: &Callers, signing: Signing, form: &Form) -> anyhow::Result<Measured> {
        let Enemies {
            region, credentials, ..
        } = &self.enemies;
        let body = self.body.clone();
        let call = Call::new(callers.target(), region, credentials, "Encrypt", body);
        callers.closed(&call, signing, form.load).await
    }

    async fn beside_echo(
        &self,
        signing: Signing,
        form: &Form,
        out: &mut (impl Write + Send),
    ) -> anyhow::Result<Vec<Figure>> {
        let echo = || self.load(&self.echo, signing, form);
        let encrypt = || self.load(&self.node, signing, form);
        // Opens the connections.
        drop((echo().await?, encrypt().await?));
        let (mut all, mut echoes, mut ratios) = (None, None, Vec::new());
        for repetition in 1..=form.repetitions {
            let before = echo().await?;
            let measured = encrypt().await?;
            let after = echo().await?;
            let ceiling = f64::midpoint(before.per_second(), after.per_second()).max(1.0);
            let ratio = measured.per_second() / ceiling;
            let rate = measured.per_second();
            writeln!(
                out,
                "  {repetition}/{} Encrypt over HTTP/1.1, {signing:<21} {rate:>9.0}/s  {ratio:.2} of {ceiling:.0}/s",
                form.repetitions
            )?;
            ratios.push(ratio);
            add(&mut all, measured)?;
            add(&mut echoes, before)?;
            add(&mut echoes, after)?;
        }
        let name = format!("axum echo of JSON, {signing}");
        let echo = echoes.map(|echoes| Figure::rate(name, &echoes));
        let encrypt = all.map(|all| {
            let name = format!("Encrypt over HTTP/1.1 with SigV4, {signing}");
            let figure = Figure::rate(name, &all).by("axum echo", median(&ratios));
            match signing {
                Signing::EachCall => figure.ratio_must_be(Threshold::AtLeast(0.4)),
                // A request sent over and over costs its caller next to nothing: what is left is the node's own cost.
                Signing::Once => figure,
            }
        });
        Ok(echo.into_iter().chain(encrypt).collect())
    }

    async fn beside_harm(
        &self,
        harm: Harm,
        form: &Form,
        out: &mut (impl Write + Send),
    ) -> anyhow::Result<Option<Figure>> {
        let encrypt = || self.load(&self.node, Signing::Once, form);
        let (mut beside, mut ratios, mut times) = (None, Vec::new(), 0);
        for _ in 0..form.repetitions.min(3) {
            let without = encrypt().await?.per_second().max(1.0);
            let doing = self.enemies.begin(harm)?;
            until(&format!("{harm}"), BEGUN_WITHIN, || async {
                let (times, wanted) = (doing.times(), harm.under_way_at());
                anyhow::ensure!(times >= wanted, "{times} of {wanted} times");
                Ok(())
            })
            .await?;
            let measured = encrypt().await?;
            times += doing.times();
            drop(doing);
            ratios.push(measured.per_second() / without);
            add(&mut beside, measured)?;
            tokio::time::sleep(form.rest / 2).await;
        }
        let ratio = median(&ratios);
        writeln!(
            out,
            "  while {harm} ({times} times): {ratio:.2} of the rate without"
        )?;
        Ok(beside.map(|beside| {
            Figure::rate(format!("Encrypt over HTTP/1.1 while {harm}"), &beside)
                .by("without", ratio)
                .ratio_must_be(Threshold::AtLeast(0.5))
        }))
    }
}

fn add(sum: &mut Option<Measured>, measured: Measured) -> anyhow::Result<()> {
    match sum {
        Some(sum) => sum.add(&measured),
        None => {
            *sum = Some(measured);
            Ok(())
        }
    }
}
