//! `gate publish` apart from its wiring: what it is told, how it judges, what it says.

mod causes;
pub(crate) mod judge;
pub(crate) mod say;
pub(crate) mod settings;
pub(crate) mod wall;
