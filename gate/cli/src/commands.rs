//! One file per verb.

pub(crate) mod bisect;
pub(crate) mod calibrate;
pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod flame;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod issue;
pub(crate) mod lint;
pub(crate) mod plan;
pub(crate) mod promote;
pub(crate) mod publish;
pub(crate) mod record;
pub(crate) mod report;
pub(crate) mod trend;
pub(crate) mod verify_baseline;
