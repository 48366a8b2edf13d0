//! Compiles every .proto file under proto/ with protox, so that nobody has to install protoc.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use tonic_prost_build::Config;

/// The internal protocols that src/lib.rs exposes: file proto/kms/internal/v1/NAME.proto, package
/// `concord.kms.internal.NAME.v1`.
const INTERNAL: [&str; 3] = ["raft", "state", "replication"];

/// Messages that carry callers' secrets. Their derived Debug would print them; src/redacted.rs has theirs.
const REDACTED: [&str; 13] = [
    ".concord.kms.v1.EncryptRequest",
    ".concord.kms.v1.DecryptResponse",
    ".concord.kms.v1.GenerateDataKeyResponse",
    ".concord.kms.v1.GenerateDataKeyPairResponse",
    ".concord.kms.v1.GenerateRandomResponse",
    ".concord.kms.v1.SignRequest",
    ".concord.kms.v1.VerifyRequest",
    ".concord.kms.v1.GenerateMacRequest",
    ".concord.kms.v1.VerifyMacRequest",
    ".concord.kms.v1.DeriveSharedSecretResponse",
    ".concord.kms.v1.EncapsulateResponse",
    ".concord.kms.v1.DecapsulateResponse",
    ".concord.kms.admin.v1.CreateAccessKeyResponse",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let mut files = proto_files(&root.join("kms/v1"))?;
    files.extend(proto_files(&root.join("kms/internal/v1"))?);
    let descriptors = protox::compile(&files, [root])?;

    let mut config = Config::new();
    // Ordered maps everywhere: what is hashed or printed must not depend on a hasher's seed.
    config.btree_map(["."]);
    config.skip_debug(REDACTED);
    // kmsctl finds a message's descriptor by its name.
    config.enable_type_names();
    // Log entries and snapshot chunks pass through without a copy.
    config.bytes([".concord.kms.internal.raft.v1"]);
    tonic_prost_build::configure()
        .emit_rerun_if_changed(false)
        .out_dir(&out)
        .compile_fds_with_config(descriptors, config)?;

    for name in INTERNAL {
        let generated = out.join(format!("concord.kms.internal.{name}.v1.rs"));
        if root.join(format!("kms/internal/v1/{name}.proto")).exists() {
            if !generated.exists() {
                return Err(
                    format!("{name}.proto must have the package concord.kms.internal.{name}.v1").into(),
                );
            }
        } else {
            fs::write(generated, "")?;
        }
    }

    for api in ["kms", "admin"] {
        let file = root.join(format!("kms/v1/{api}.proto"));
        let mut compiler = protox::Compiler::new([root])?;
        compiler
            .include_imports(true)
            .include_source_info(false)
            .open_file(&file)?;
        fs::write(
            out.join(format!("{api}_descriptor.bin")),
            compiler.encode_file_descriptor_set(),
        )?;
    }
    Ok(())
}

/// The .proto files directly in `folder`, in order of name; none if it does not exist.
fn proto_files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
