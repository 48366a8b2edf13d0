//! The examples of README.md and docs/CLIENTS.md are run as they are printed, but for the ports of their cluster. An
//! example in a language that nothing here can run is told; one in an unknown language fails.

use super::REGIONS;
use super::workplace::{Runtime, Workplace};
use anyhow::Context;
use kms_tests::cluster::ACCOUNT;
use kms_tests::interop::python;
use kms_tests::summary::{figure, skipped};
use std::collections::BTreeMap;
use tokio::process::Command;

const README: &str = include_str!("../../../README.md");
const CLIENTS: &str = include_str!("../../../docs/CLIENTS.md");
const PROMISE: &str = "AWS clients, examples";

/// The example in Rust, which is compiled with the tests.
const RUST: &str = include_str!("../../examples/aws_sdk_kms.rs");

/// Ports in the texts: those of a local cluster, for each of the regions.
const PORTS: [&str; 2] = [":7115", ":7215"];

/// A fenced block of a text.
#[derive(Debug, PartialEq, Eq)]
struct Example<'a> {
    document: &'static str,
    /// The line of its fence, from 1.
    line: usize,
    language: &'a str,
    code: String,
}

/// What becomes of an example.
enum Plan {
    Run(Command),
    Skip(&'static str),
}

pub(super) async fn run(place: &Workplace<'_>) -> anyhow::Result<()> {
    // All of them use the key that the first in docs/CLIENTS.md makes, with the AWS CLI.
    if python().is_none() {
        skipped(PROMISE, Runtime::Python.absent());
        return Ok(());
    }
    let readme = examples_of("README.md", README, |heading| heading == "## AWS clients");
    let clients = examples_of("docs/CLIENTS.md", CLIENTS, |_| true);
    anyhow::ensure!(
        !readme.is_empty() && !clients.is_empty(),
        "a text has no examples"
    );
    let (mut shown, mut missing) = (BTreeMap::new(), BTreeMap::new());
    for example in readme.iter().chain(&clients) {
        let name = format!("{}:{}", example.document, example.line);
        match plan(place, example).await.with_context(|| name.clone())? {
            Plan::Skip(why) => {
                missing.insert(example.language, why);
            }
            Plan::Run(mut command) => {
                place.run(&name, &mut command).await?;
                *shown.entry(example.language).or_insert(0_usize) += 1;
            }
        }
    }
    let counts: Vec<String> = shown
        .iter()
        .map(|(language, count)| format!("{count} {language}"))
        .collect();
    figure(PROMISE, &format!("run as printed: {}", counts.join(", ")));
    for (language, why) in missing {
        skipped(&format!("{PROMISE} in {language}"), why);
    }
    Ok(())
}

async fn plan(place: &Workplace<'_>, example: &Example<'_>) -> anyhow::Result<Plan> {
    let mut code = example.code.clone();
    for (port, region) in PORTS.iter().zip(REGIONS) {
        code = code.replace(port, &format!(":{}", place.http_port(region)?));
    }
    let script = |runtime: Runtime, name: &str| -> anyhow::Result<Plan> {
        let file = place.folder().join(name);
        std::fs::write(&file, &code)?;
        Ok(place
            .script(runtime, &file)
            .map_or(Plan::Skip(runtime.absent()), Plan::Run))
    };
    match example.language {
        "sh" => {
            let mut command = place.shell(&code)?;
            // README says itself where the profiles are; the other text relies on it.
            if example.document != "README.md" {
                place.with_profiles(&mut command);
            }
            Ok(Plan::Run(command))
        }
        "python" => script(Runtime::Python, "example.py"),
        "javascript" => script(Runtime::Node, "example.mjs"),
        "rust" => compiled(place, &example.code).await,
        "go" => Ok(Plan::Skip(
            "no test runs Go: its packages come from a registry of their own",
        )),
        "java" => Ok(Plan::Skip(
            "no test runs Java: its packages come from a registry of their own",
        )),
        other => anyhow::bail!("no test knows how to run {other}"),
    }
}

/// The example's own text is what is compiled, below the line that says what it is.
async fn compiled(place: &Workplace<'_>, code: &str) -> anyhow::Result<Plan> {
    let (_, text) = RUST.split_once("\n\n").context("the example has a header")?;
    anyhow::ensure!(code == text, "it differs from tests/examples/aws_sdk_kms.rs");
    let programs = place.cluster().binaries().kmsd.with_file_name("examples");
    let program = programs.join("aws_sdk_kms");
    anyhow::ensure!(program.is_file(), "{} has not been built", program.display());
    let credentials = place.cluster().make_administrator(ACCOUNT).await?;
    let mut command = place.command(program);
    command
        .env("AWS_ACCESS_KEY_ID", credentials.access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key)
        .env("AWS_REGION", REGIONS[0])
        .env(
            "AWS_ENDPOINT_URL_KMS",
            format!("http://127.0.0.1:{}", place.http_port(REGIONS[0])?),
        );
    Ok(Plan::Run(command))
}

/// The fenced blocks below the headings of the second level that are wanted.
fn examples_of<'a>(document: &'static str, text: &'a str, wanted: impl Fn(&str) -> bool) -> Vec<Example<'a>> {
    let (mut found, mut open, mut inside) = (Vec::new(), None::<Example<'a>>, wanted(""));
    for (index, line) in text.lines().enumerate() {
        match (open.take(), line.strip_prefix("```")) {
            (Some(example), Some(_)) => found.push(example),
            (Some(mut example), None) => {
                example.code += line;
                example.code.push('\n');
                open = Some(example);
            }
            (None, Some(language)) if inside => {
                open = Some(Example {
                    document,
                    line: index + 1,
                    language,
                    code: String::new(),
                });
            }
            (None, _) if line.starts_with("## ") => inside = wanted(line),
            (None, _) => {}
        }
    }
    found
}

#[test]
fn an_example_is_a_fenced_block_below_a_heading_that_is_wanted() {
    let text =
        "```sh\nbefore\n```\n## Yes\nwords\n```sh\n## a comment\n\nls\n```\n## No\n```sh\nafter\n```\n";
    let found = examples_of("a.md", text, |heading| heading == "## Yes");
    let wanted = Example {
        document: "a.md",
        line: 6,
        language: "sh",
        code: "## a comment\n\nls\n".to_owned(),
    };
    assert_eq!(found, [wanted]);
}
