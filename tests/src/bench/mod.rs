//! Figures of one region, each beside a ceiling that was measured in the same run on the same machine: absolute
//! numbers of a machine that does other things mean little, ratios taken side by side mean something.

pub mod ceilings;
pub mod echo;
pub mod http;
pub mod in_process;
pub mod load;
pub mod operations;
pub mod report;
pub mod run;
pub mod scale;
pub mod storm;
pub mod timing;
