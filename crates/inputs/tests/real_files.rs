//! Every real file of the corpora reads as an independent script counted it.

#![expect(
    clippy::disallowed_methods,
    reason = "the corpora lie on the disk, where the environment says"
)]

mod corpora;

use std::error::Error;

use onus_inputs::document::{FailureKind, Limits, Syntax, read};

use corpora::corpora;

#[test]
fn real_files_hold_the_documents_and_duplicate_keys_that_were_counted() -> Result<(), Box<dyn Error>>
{
    let corpora = corpora();
    let Ok(facts) = std::fs::read_to_string(corpora.join("real/file_facts.csv")) else {
        println!("real files: skipped, the corpora are not there");
        return Ok(());
    };
    let mut lines = facts.lines();
    let head: Vec<_> = lines.next().unwrap_or_default().split(',').collect();
    let column = |name| head.iter().position(|cell| *cell == name).ok_or(name);
    let (path, parse) = (column("path")?, column("parse")?);
    let (docs, keys) = (column("docs")?, column("dup_keys")?);
    let mut rows = 0;
    let mut wrong = Vec::new();
    for line in lines {
        // Only lists of kinds, which are not looked at, are quoted and hold commas.
        let bare: String = line.split('"').step_by(2).collect();
        let row: Vec<_> = bare.split(',').collect();
        rows += 1;
        let bytes = std::fs::read(corpora.join(row[path]))?;
        let syntax = Syntax::of(row[path]).ok_or("no syntax")?;
        let got = match read(bytes, syntax, &Limits::default()) {
            Ok(tree) => format!("ok,{},{}", tree.documents().len(), tree.duplicates().len()),
            Err(failure) => match failure.kind {
                FailureKind::Skipped => "template-error".to_owned(),
                FailureKind::Unreadable => format!("{} at {:?}", failure.reason, failure.span),
            },
        };
        let expect = match row[parse] {
            "ok" => format!("ok,{},{}", row[docs], row[keys]),
            other => other.to_owned(),
        };
        if got != expect {
            wrong.push(format!("{}: {got}, expected {expect}", row[path]));
        }
    }
    println!("real files: {rows} rows, {} wrong", wrong.len());
    assert!(rows > 900 && wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
