//! The main job, told as it happens: a key in three regions, encrypted here and decrypted there, rotated, with a
//! leader killed on the way, and its primary moved.

use crate::cluster::Cluster;
use crate::files::write_private;
use crate::names::NodeName;
use crate::wait::until;
use anyhow::Context;
use std::io::Write;
use std::time::{Duration, Instant};

const SETTLED_WITHIN: Duration = Duration::from_secs(30);
const MESSAGE: &str = "attack at dawn";

/// Runs the demo on a cluster that is up. With one region, the steps between regions are left out.
///
/// # Errors
/// At the first step that does not do what it must.
pub async fn run(cluster: &Cluster, out: &mut (impl Write + Send)) -> anyhow::Result<()> {
    let mut demo = Demo {
        cluster,
        out,
        step: 0,
    };
    let began = Instant::now();
    let here = cluster
        .regions()
        .first()
        .context("a cluster has a region")?
        .clone();
    let others: Vec<String> = cluster.regions().iter().skip(1).cloned().collect();
    let key = demo.create_key(&here)?;
    for other in &others {
        demo.replicate(&here, other, &key).await?;
    }
    let first = demo.encrypt_here_decrypt_there(&here, others.first().unwrap_or(&here), &key)?;
    demo.rotate(&here, &key).await?;
    demo.old_ciphertext_still_opens(others.last().unwrap_or(&here), &first)?;
    if cluster.nodes_of(&here).len() >= 3 {
        demo.kill_a_leader(&here, &key, &first).await?;
    }
    if let Some(target) = others.first() {
        demo.move_primary(&here, target, &key).await?;
        demo.encrypt_here_decrypt_there(target, &here, &key)?;
    }
    demo.show_status(&here, &key)?;
    writeln!(
        demo.out,
        "\nthe demo succeeded in {:.1} s",
        began.elapsed().as_secs_f64()
    )?;
    Ok(())
}

/// What to try next, with this cluster's own paths.
pub fn how_to_go_on(cluster: &Cluster) -> String {
    let config = cluster.kmsctl_config();
    let (kmsctl, config) = (cluster.binaries().kmsctl.display(), config.display());
    let region = cluster.regions().first().map_or("", String::as_str);
    format!(
        "how to go on\n  export KMSCTL_CONFIG={config}\n  {kmsctl} keys list\n  {kmsctl} --context {region} region status\n  \
         {kmsctl} --help\n  export AWS_CONFIG_FILE={state}/aws-config AWS_SHARED_CREDENTIALS_FILE={state}/aws-credentials\n  \
         AWS_PROFILE=concord-{region} aws kms list-keys\n  scripts/local-cluster --state {state} status\n  \
         scripts/local-cluster --state {state} kill {region}/1\n  scripts/local-cluster --state {state} down\n\
         endpoints of every node: {state}/endpoints.json",
        state = cluster.folder().display(),
    )
}

struct Demo<'a, W: Write> {
    cluster: &'a Cluster,
    out: &'a mut W,
    step: u32,
}

impl<W: Write> Demo<'_, W> {
    fn say(&mut self, text: &str) -> anyhow::Result<()> {
        self.step += 1;
        writeln!(self.out, "{:>2}. {text}", self.step)?;
        Ok(self.out.flush()?)
    }

    /// Runs `kmsctl` in a region, shows its command line, and reads its JSON.
    fn kmsctl(&mut self, region: &str, arguments: &[&str]) -> anyhow::Result<serde_json::Value> {
        writeln!(
            self.out,
            "    $ kmsctl --context {region} {}",
            arguments.join(" ")
        )?;
        let mut all = vec!["--context", region, "--output", "json"];
        all.extend(arguments);
        let text = self.cluster.kmsctl(&all)?;
        if text.trim().is_empty() {
            return Ok(serde_json::Value::Null);
        }
        serde_json::from_str(&text)
            .with_context(|| format!("kmsctl wrote something that is not JSON: {text}"))
    }

    fn create_key(&mut self, here: &str) -> anyhow::Result<String> {
        self.say(&format!("make a multi-Region key in {here}"))?;
        let answer = self.kmsctl(
            here,
            &["keys", "create", "--multi-region", "--description", "demo"],
        )?;
        let key = answer["KeyMetadata"]["KeyId"]
            .as_str()
            .context("keys create answered no KeyId")?
            .to_owned();
        writeln!(self.out, "    {key}")?;
        Ok(key)
    }

    async fn replicate(&mut self, here: &str, there: &str, key: &str) -> anyhow::Result<()> {
        self.say(&format!(
            "replicate it to {there}: the material travels sealed to that region alone"
        ))?;
        let began = Instant::now();
        self.kmsctl(here, &["replicate", key, there])?;
        let cluster = self.cluster;
        until("the replica to be Enabled", SETTLED_WITHIN, || async {
            let state = describe(cluster, there, key)?["KeyState"].clone();
            anyhow::ensure!(state == "Enabled", "it is {state}");
            Ok(())
        })
        .await?;
        writeln!(
            self.out,
            "    Enabled in {there} after {} ms",
            began.elapsed().as_millis()
        )?;
        Ok(())
    }

    fn encrypt_here_decrypt_there(&mut self, here: &str, there: &str, key: &str) -> anyhow::Result<Vec<u8>> {
        self.say(&format!(
            "encrypt in {here}, decrypt in {there}, with no call between the regions"
        ))?;
        let folder = self.cluster.folder();
        let (plain, sealed) = (folder.join("demo-message.txt"), folder.join("demo-message.kms"));
        write_private(&plain, MESSAGE.as_bytes())?;
        let (plain, sealed) = (plain.display().to_string(), sealed.display().to_string());
        self.kmsctl(
            here,
            &[
                "encrypt",
                key,
                "--in",
                &plain,
                "--out",
                &sealed,
                "--encryption-context",
                "purpose=demo",
            ],
        )?;
        let ciphertext = std::fs::read(&sealed)?;
        self.decrypt(there, &ciphertext)?;
        Ok(ciphertext)
    }

    fn decrypt(&mut self, region: &str, ciphertext: &[u8]) -> anyhow::Result<()> {
        let folder = self.cluster.folder();
        let (sealed, opened) = (folder.join("demo-message.kms"), folder.join("demo-opened.txt"));
        write_private(&sealed, ciphertext)?;
        let (sealed, opened) = (sealed.display().to_string(), opened.display().to_string());
        self.kmsctl(
            region,
            &[
                "decrypt",
                "--in",
                &sealed,
                "--out",
                &opened,
                "--encryption-context",
                "purpose=demo",
            ],
        )?;
        let plaintext = std::fs::read_to_string(&opened)?;
        anyhow::ensure!(plaintext == MESSAGE, "{region} decrypted to something else");
        writeln!(self.out, "    {region} says: {plaintext}")?;
        Ok(())
    }

    async fn rotate(&mut self, here: &str, key: &str) -> anyhow::Result<()> {
        self.say("rotate: the new material encrypts only when every replica holds it")?;
        let before = describe(self.cluster, here, key)?["CurrentKeyMaterialId"].clone();
        self.kmsctl(here, &["rotation", "rotate-now", key])?;
        let cluster = self.cluster;
        let regions = cluster.regions().to_vec();
        until(
            "every region to encrypt under the new material",
            SETTLED_WITHIN,
            || async {
                for region in &regions {
                    let now = describe(cluster, region, key)?["CurrentKeyMaterialId"].clone();
                    anyhow::ensure!(now != before, "{region} still has the old one");
                }
                Ok(())
            },
        )
        .await
    }

    fn old_ciphertext_still_opens(&mut self, region: &str, ciphertext: &[u8]) -> anyhow::Result<()> {
        self.say(&format!(
            "decrypt the message from before the rotation, in {region}"
        ))?;
        self.decrypt(region, ciphertext)
    }

    async fn kill_a_leader(&mut self, here: &str, key: &str, ciphertext: &[u8]) -> anyhow::Result<()> {
        let cluster = self.cluster;
        let leader = cluster.leader(here).await?;
        self.say(&format!(
            "kill -9 the leader of {here}, {leader}, and go on working"
        ))?;
        cluster.kill(&leader)?;
        let began = Instant::now();
        let survivor: NodeName = cluster
            .nodes_of(here)
            .into_iter()
            .find(|n| *n != leader)
            .context("a region of three has survivors")?;
        until("a survivor to answer", SETTLED_WITHIN, || {
            cluster.answers(&survivor)
        })
        .await?;
        writeln!(
            self.out,
            "    {survivor} answers again after {} ms",
            began.elapsed().as_millis()
        )?;
        self.kmsctl(
            here,
            &["keys", "update-description", key, "changed while a node was dead"],
        )?;
        self.decrypt(here, ciphertext)?;
        self.say(&format!("start {leader} again"))?;
        cluster.start(&leader)?;
        cluster.region_ready(here).await
    }

    async fn move_primary(&mut self, here: &str, target: &str, key: &str) -> anyhow::Result<()> {
        self.say(&format!("move the primary from {here} to {target}"))?;
        let began = Instant::now();
        self.kmsctl(here, &["promote", key, target])?;
        let cluster = self.cluster;
        let regions = cluster.regions().to_vec();
        until("every region to know the new primary", SETTLED_WITHIN, || async {
            for region in &regions {
                let key = describe(cluster, region, key)?;
                let primary = &key["MultiRegionConfiguration"]["PrimaryKey"]["Region"];
                anyhow::ensure!(
                    *primary == target && key["KeyState"] == "Enabled",
                    "{region} does not yet"
                );
            }
            Ok(())
        })
        .await?;
        writeln!(
            self.out,
            "    settled everywhere after {} ms",
            began.elapsed().as_millis()
        )?;
        Ok(())
    }

    fn show_status(&mut self, here: &str, key: &str) -> anyhow::Result<()> {
        self.say("the key's replication, and the region, as operators see them")?;
        for arguments in [&["replication", "status", key][..], &["region", "status"]] {
            writeln!(self.out, "    $ kmsctl --context {here} {}", arguments.join(" "))?;
            let mut all = vec!["--context", here];
            all.extend(arguments);
            for line in self.cluster.kmsctl(&all)?.lines() {
                writeln!(self.out, "    {line}")?;
            }
        }
        Ok(())
    }
}

/// A key's metadata in a region.
fn describe(cluster: &Cluster, region: &str, key: &str) -> anyhow::Result<serde_json::Value> {
    let text = cluster.kmsctl(&["--context", region, "--output", "json", "keys", "describe", key])?;
    let mut answer: serde_json::Value = serde_json::from_str(&text)?;
    Ok(answer["KeyMetadata"].take())
}
