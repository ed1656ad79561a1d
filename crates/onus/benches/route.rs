//! What a run costs beside what merely walking, reading and parsing the same files costs.
//!
//! `cargo bench -p onus` makes 100, 1,000 and 10,000 manifests in a temporary folder and prints medians of rounds in which all
//! candidates take turns, so that a busy machine is unfair to none, and the ratios to walk + read + parse.
//! `ONUS_BENCH_FILES=100000` adds a size, `ONUS_BENCH_DIR=…` measures a folder of yours instead.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench prints, and stops when it cannot go on"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use onus_inputs::document::{self, Limits, Syntax};
use rayon::prelude::*;
use walkdir::WalkDir;

const ROUNDS: usize = 7;
const THREADS: usize = 2;
/// The ten checks of everyday.
const FRAMEWORK: &str = "kubernetes-everyday";

fn main() {
    rayon::ThreadPoolBuilder::new()
        .num_threads(THREADS)
        .build_global()
        .expect("the first thread pool of the process");
    println!(
        "{THREADS} threads, medians of {ROUNDS} rounds, `--framework {FRAMEWORK} --format json=FILE`"
    );
    println!(
        "| files | bytes | walk + read | walk + read + parse | onus check | to read | to read + parse | a file |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    if let Some(folder) = std::env::var_os("ONUS_BENCH_DIR") {
        measure(Path::new(&folder));
        return;
    }
    let mut sizes = vec![100, 1_000, 10_000];
    sizes.extend(
        std::env::var("ONUS_BENCH_FILES")
            .ok()
            .and_then(|n| n.parse::<usize>().ok()),
    );
    for size in sizes {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for index in 0..size {
            std::fs::write(
                folder.path().join(format!("m{index:06}.yaml")),
                manifest(index),
            )
            .expect("a file");
        }
        measure(folder.path());
    }
}

fn measure(folder: &Path) {
    let report = tempfile::NamedTempFile::new().expect("a temporary file");
    let mut times: [Vec<Duration>; 3] = Default::default();
    let mut counts = (0, 0);
    for round in 0..=ROUNDS {
        let read = timed(|| counts = read(folder));
        let parse = timed(|| parse(folder));
        let check = timed(|| check(folder, report.path()));
        // The first round warms up.
        if round > 0 {
            for (all, one) in times.iter_mut().zip([read, parse, check]) {
                all.push(one);
            }
        }
    }
    let ratio = |a: usize, b: usize| {
        let mut ratios: Vec<f64> = times[a]
            .iter()
            .zip(&times[b])
            .map(|(a, b)| a.as_secs_f64() / b.as_secs_f64())
            .collect();
        ratios.sort_by(f64::total_cmp);
        ratios[ratios.len() / 2]
    };
    let (over_read, over_parse) = (ratio(2, 0), ratio(2, 1));
    let median = |index: usize| {
        let mut all = times[index].clone();
        all.sort();
        all[all.len() / 2]
    };
    let (files, bytes) = counts;
    let each = median(2) / u32::try_from(files.max(1)).unwrap_or(u32::MAX);
    println!(
        "| {files} | {bytes} | {:.1?} | {:.1?} | {:.1?} | {over_read:.2} | {over_parse:.2} | {each:.1?} |",
        median(0),
        median(1),
        median(2)
    );
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok)
        .filter(|e| e.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .collect()
}

fn read(folder: &Path) -> (usize, usize) {
    let files = files(folder);
    let bytes = files
        .par_iter()
        .map(|f| std::fs::read(f).map_or(0, |b| b.len()))
        .sum();
    (files.len(), bytes)
}

fn parse(folder: &Path) {
    let limits = Limits::default();
    files(folder).par_iter().for_each(|file| {
        let syntax = Syntax::of(&file.to_string_lossy());
        if let (Ok(bytes), Some(syntax)) = (std::fs::read(file), syntax) {
            std::hint::black_box(document::read(bytes, syntax, &limits).is_ok());
        }
    });
}

fn check(folder: &Path, report: &Path) {
    let status = Command::new(env!("CARGO_BIN_EXE_onus"))
        .arg("check")
        .arg(folder)
        .args(["--framework", FRAMEWORK, "--jobs", &THREADS.to_string()])
        .arg(format!("--format=json={}", report.display()))
        .stdin(Stdio::null())
        .status()
        .expect("onus starts");
    assert!(
        matches!(status.code(), Some(0 | 1)),
        "onus could not judge: {status}"
    );
}

/// A Deployment with one to three containers; what is wrong with it depends on its number alone.
fn manifest(index: usize) -> String {
    let mut seed = index as u64;
    // A congruential generator (Knuth's constants): good enough to scatter faults.
    let mut chance = move |percent: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % 100 < percent
    };
    let mut text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-{index}\n  namespace: team-{}\n  labels:\n    app.kubernetes.io/name: app-{index}\nspec:\n  replicas: 2\n  selector:\n    matchLabels:\n      app.kubernetes.io/name: app-{index}\n  template:\n    metadata:\n      labels:\n        app.kubernetes.io/name: app-{index}\n      annotations:\n        example.com/owner: team-{}@example.com\n    spec:\n      serviceAccountName: app\n      automountServiceAccountToken: false\n",
        index % 20,
        index % 20
    );
    if chance(5) {
        text.push_str("      hostNetwork: true\n");
    }
    text.push_str("      containers:\n");
    for container in 0..1 + index % 3 {
        let tag = if chance(10) {
            "latest".to_owned()
        } else {
            format!("1.{}.{container}", index % 30)
        };
        let limits = if chance(80) {
            "          limits:\n            cpu: 500m\n            memory: 256Mi\n"
        } else {
            ""
        };
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "      - name: c{container}\n        image: registry.example.com/shop/api:{tag}\n        ports:\n        - containerPort: 8080\n        env:\n        - name: LOG_LEVEL\n          value: info\n        resources:\n          requests:\n            cpu: 100m\n            memory: 128Mi\n{limits}        securityContext:\n          privileged: {}\n          allowPrivilegeEscalation: {}\n          readOnlyRootFilesystem: {}\n          runAsNonRoot: {}\n          capabilities:\n            drop: [ALL]\n        livenessProbe:\n          httpGet:\n            path: /healthz\n            port: 8080\n          periodSeconds: 10\n",
            chance(8),
            chance(20),
            chance(80),
            chance(75),
        );
    }
    text.push_str("      volumes:\n      - name: cache\n        emptyDir: {}\n");
    if chance(10) {
        text.push_str("      - name: host\n        hostPath:\n          path: /var/log\n");
    }
    text
}
