//! The binary: arguments, disk, clock, terminal, exit code. Everything else is in the other crates.

mod access;
mod args;
mod assemble;
mod cases;
mod check;
mod governance;
mod grants;
mod history;
mod init;
#[cfg(test)]
mod laws;
mod load;
mod matrix;
mod near;
mod new;
mod new_policies;
mod output;
mod packs;
mod pages;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Args, Command};
use crate::output::Terminal;

/// Cedar recurses over expressions, also when it drops them: this is room for any policy within the limits.
/// It is address space; memory is taken only where it is used.
pub(crate) const STACK: usize = 128 * 1024 * 1024;

fn main() -> ExitCode {
    let thread = std::thread::Builder::new()
        .name("main".to_owned())
        .stack_size(STACK)
        .spawn(command);
    match thread.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        // No thread to be had: this one will do for all but hostile policies.
        Err(_) => command(),
    }
}

fn command() -> ExitCode {
    let args = Args::parse();
    let terminal = Terminal::new(args.color);
    let code = match &args.command {
        Command::Check(check) => check::run(check, &terminal),
        Command::List(list) => pages::list(list, &terminal),
        Command::Explain(explain) => pages::explain(explain, &terminal),
        Command::Matrix(matrix) => matrix::run(matrix, &terminal),
        Command::Grants(grants) => grants::run(grants, &terminal),
        Command::WhoCan(who_can) => grants::who_can(who_can, &terminal),
        Command::Init(init) => init::run(init, &terminal),
        Command::New(new) => new::run(new, &terminal),
        Command::Test(test) => cases::run(test, &terminal),
        Command::Schema(schema) => pages::schema(schema, &terminal),
    };
    match code {
        Ok(code) => ExitCode::from(code),
        Err(stop) => ExitCode::from(terminal.stop(stop)),
    }
}
