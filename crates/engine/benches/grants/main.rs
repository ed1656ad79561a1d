//! How fast grants are judged: decisions a second, and the memory and time of many grants.
//!
//! `cargo bench -p onus-engine --bench grants -- authz DIR` judges the requests of a folder with `data.json` (`matrix`: role → resource →
//! actions; `users`: user → roles), `requests.json` (`user`, `action`, `resource`) and `grants.cedar` (a permit a grant). A decision is one
//! subject, one action and one resource.
//!
//! `cargo bench -p onus-engine --bench grants -- many N` reads, expands and judges N generated grants of five formats against a matrix of
//! 60 cells and 40 policies.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a bench measures, prints, and ends where it cannot"
)]

mod many;

use std::path::Path;
use std::time::{Duration, Instant};

use onus_engine::{
    CheckSource, Keep, Limits, Packs, Program, SchemaSource, Selection, compile, effective,
    judge_access,
};
use onus_inputs::access;
use onus_inputs::document::{self, Syntax};
use onus_model::access::Access;
use onus_model::check::Severity;
use onus_model::source::{LineIndex, Text};

/// The grants of the bench as tables of roles.
const SCHEMA: &str = r#"
@files("data.json")
namespace Bench {
  @access("role") @each("$.matrix.*") entity Role = { @key name: String };
  @each("$.*") entity Kind in [Role] = { @key name: String, role: Role };
  @access("permission") @each("$[*]")
  entity Permission in [Kind] = { @from("$") action: String, resource: Kind, role: Role };
  @each("$.users.*") entity User = { @key name: String };
  @access("member") @each("$[*]") entity Member in [User] = { @from("$") role: String, subject: User };
  action get, list, watch, create, update, patch, delete, approve appliesTo {
    principal: [Onus::Subject], resource: [Onus::Resource], context: Onus::Grant
  };
}
@files("requests.json") @system("bench")
namespace Requests {
  @access("permission") @each("$[*]")
  entity Request = { @from("$.user") subject: String, action: String, resource: String };
}
"#;

fn main() {
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["authz", folder] => authz(Path::new(folder)),
        ["many", count] => many::run(count.parse().expect("a number")),
        // `cargo bench` and `cargo test --benches` name nothing: a small run shows that it works.
        _ => many::run(2_000),
    }
}

/// The vocabulary of policies about grants, as it is shipped.
fn vocabulary(name: &str) -> Text {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../policies")
        .join(name);
    let text = std::fs::read_to_string(&path).expect("the schema can be read");
    Text::new(name, text)
}

/// A program of some schemas, checks of policies, and permission matrices.
fn program(
    schemas: Vec<Text>,
    checks: Vec<(&str, String)>,
    permissions: Vec<onus_model::access::Permissions>,
) -> Program {
    let packs = Packs {
        schemas: schemas
            .into_iter()
            .map(|text| SchemaSource {
                text,
                proved: false,
            })
            .collect(),
        checks: checks
            .into_iter()
            .map(|(id, policy)| CheckSource {
                id: id.to_owned(),
                policy: Text::new(id, policy),
                applies: None,
                proved: false,
            })
            .collect(),
        permissions,
        ..Packs::default()
    };
    let selection = Selection {
        only: None,
        at_least: Severity::Low,
    };
    let (program, problems) = compile(&packs, &selection, Limits::default());
    assert!(problems.is_empty(), "{problems:?}");
    program
}

/// What a file says about access.
fn found(number: u32, name: &str, bytes: Vec<u8>, program: &Program) -> (access::Found, LineIndex) {
    let names = onus_inputs::FileNames::new(&program.tables);
    let tables = access::tables(&program.tables, &names.formats(name));
    let Some(syntax) = Syntax::of(name) else {
        let text = Text::new(name, String::from_utf8(bytes).expect("it is text"));
        return (access::of_text(number, &text), LineIndex::new(&text.text));
    };
    let limits = document::Limits::default();
    let tree = document::read(bytes, syntax, &limits).expect("it is a document");
    let text = Text::new(name, tree.text());
    let found = access::of_tree(number, &text, &tree, &program.tables, &tables);
    (found, LineIndex::new(tree.text()))
}

fn together(files: Vec<(String, (access::Found, LineIndex))>) -> Access {
    let mut names = Vec::new();
    let mut lines = Vec::new();
    let mut all = Vec::new();
    for (name, (found, index)) in files {
        names.push(name.into());
        lines.push(Some(index));
        all.push(found);
    }
    let (access, problems) = access::assemble(names, lines, all);
    assert!(
        problems.is_empty(),
        "{:?}",
        problems.first().map(|p| &p.message)
    );
    access
}

fn timed<T>(what: &str, run: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let value = run();
    let time = start.elapsed();
    println!("{what:<44} {:>10.1} ms", time.as_secs_f64() * 1000.0);
    (value, time)
}

fn authz(folder: &Path) {
    let read = |name: &str| std::fs::read(folder.join(name)).expect("the folder holds it");
    let policies = String::from_utf8(read("grants.cedar"))
        .expect("it is text")
        .replace("Role::\"", "Onus::Role::\"bench/")
        .replace("Action::\"", "Bench::Action::\"")
        .replace("Kind::\"", "Onus::Resource::\"bench/");
    let count = policies.matches("permit (").count();
    let head = "@title(\"the matrix\") @severity(\"high\") @help(\"ask for less\")\n";
    let (program, _) = timed("policies", || {
        program(
            vec![vocabulary("onus.cedarschema"), Text::new("bench", SCHEMA)],
            vec![("matrix", format!("{head}{policies}"))],
            Vec::new(),
        )
    });
    let (access, _) = timed("grants and requests read", || {
        let files = ["data.json", "requests.json"];
        let found = (0..)
            .zip(files)
            .map(|(number, name)| (name.to_owned(), found(number, name, read(name), &program)));
        together(found.collect())
    });
    // The grants of the roles are not asked about: the requests are what users are given directly.
    let mut asked = access;
    for role in &mut asked.roles {
        role.rules.clear();
    }
    let (held, _) = timed("expanded", || effective(&asked));
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .stack_size(64 << 20)
            .build()
            .expect("threads");
        let mut best = Duration::MAX;
        let mut tally = None;
        for _ in 0..7 {
            let start = Instant::now();
            let judged = pool.install(|| judge_access(&program, &asked, &held, &[], Keep::Nothing));
            best = best.min(start.elapsed());
            tally = Some((judged.tally(), judged.questions()));
        }
        let (tally, questions) = tally.expect("it ran");
        let decisions = tally.pass + tally.fail + tally.error;
        println!(
            "{decisions} decisions, {} allowed, {} errors; {count} policies, {questions} distinct questions; {threads} thread(s): {:.1} ms, {:.0} decisions a second",
            tally.pass,
            tally.error,
            best.as_secs_f64() * 1000.0,
            decisions as f64 / best.as_secs_f64()
        );
    }
}
