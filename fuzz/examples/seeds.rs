//! Writes the seeds of every target that its corpus lacks. Nothing is replaced or removed: what was a seed once stays
//! one, as bytes of that version.

use std::io;
use std::path::Path;

fn main() -> io::Result<()> {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for target in kms_fuzz::TARGETS {
        let corpus = corpora.join(target.name);
        std::fs::create_dir_all(&corpus)?;
        for seed in (target.seeds)() {
            let file = corpus.join(seed.name);
            if !file.exists() {
                std::fs::write(file, seed.bytes)?;
            }
        }
    }
    Ok(())
}
