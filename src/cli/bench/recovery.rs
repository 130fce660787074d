//! How long it takes until a server is back: each step as an operator types it, in a process of its
//! own, on a store of so many posts.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::{BenchArgs, MESSAGES, community, configuration, end, import_some, server};

/// Backup, rehearsal, restore, and the start of what was restored.
pub(super) async fn recovery(args: &BenchArgs, folder: &Path) -> anyhow::Result<Value> {
    let first = community(folder, "mx", 1).await?;
    import_some(&first, args).await?;
    end(first).await?;
    let config = folder.join("parvis.toml");
    std::fs::write(&config, configuration(&folder.join("data"), "mx"))?;
    let (copy, back) = (folder.join("all.tar.zst"), folder.join("back"));
    let (copy, into) = (copy.display().to_string(), back.join("data").display().to_string());
    let config = config.display().to_string();
    let (backup, _) = timed(&["--config", &config, "backup", &copy])?;
    let (drill, drilled) = timed(&["--config", &config, "drill", &copy])?;
    if drilled["good"] != json!(true) || drilled["posts"] != json!(args.messages.unwrap_or(MESSAGES)) {
        bail!("the rehearsal found {drilled}");
    }
    let (restore, _) = timed(&["restore", &copy, "--dir", &into])?;
    let begun = Instant::now();
    let second = server(&back, "mx").await?;
    let start = begun.elapsed().as_secs_f64();
    end(second).await?;
    Ok(json!({
        "posts": args.messages.unwrap_or(MESSAGES),
        "bytes": args.bytes,
        "backup s": backup,
        "drill s": drill,
        "restore s": restore,
        "start afterwards s": start,
    }))
}

/// Runs this program with these words; the seconds it took, and what it answered.
fn timed(words: &[&str]) -> anyhow::Result<(f64, Value)> {
    let begun = Instant::now();
    let ran = Command::new(std::env::current_exe()?).args(words).arg("--json").output()?;
    let seconds = begun.elapsed().as_secs_f64();
    if !ran.status.success() {
        bail!("parvis {}: {}", words.join(" "), String::from_utf8_lossy(&ran.stderr).trim());
    }
    let answer = serde_json::from_slice(&ran.stdout).context("it answers in JSON")?;
    Ok((seconds, answer))
}
