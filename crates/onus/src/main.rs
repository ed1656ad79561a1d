//! The binary: arguments, disk, clock, terminal, exit code. Everything else is in the other crates.

mod args;
mod check;
mod load;
mod output;
mod packs;
mod pages;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Args, Command};
use crate::output::Terminal;

fn main() -> ExitCode {
    let args = Args::parse();
    let terminal = Terminal::new(args.color);
    let code = match &args.command {
        Command::Check(check) => check::run(check, &terminal),
        Command::List(list) => pages::list(list, &terminal),
        Command::Explain(explain) => pages::explain(explain, &terminal),
        Command::Schema(schema) => pages::schema(schema, &terminal),
    };
    match code {
        Ok(code) => ExitCode::from(code),
        Err(stop) => ExitCode::from(terminal.stop(stop)),
    }
}
