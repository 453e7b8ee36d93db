//! One file per verb.

pub(crate) mod compare;
pub(crate) mod explain;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod promote;
