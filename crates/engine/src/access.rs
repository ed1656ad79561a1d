//! Access: what grants come to, who may do something, what a change gives and takes, and whether it may be held.

mod difference;
mod effective;
mod judge;
mod matrix;
mod notation;
mod plain;
mod policy;
mod verdict;

pub use difference::difference;
pub use effective::{
    allows, effective, held, implicit_groups, known_roles, may, may_by, of_grant, of_roles,
    reaching,
};
pub use verdict::{Judged, Keep, judge_access, judge_access_plainly};

pub(crate) use matrix::Matrix;
pub(crate) use policy::{Index, Source, entity, is_about_grants, policy_actions};
