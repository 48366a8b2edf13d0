//! Names of nodes across regions.

use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A node of a cluster, written `us-east-1/1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeName {
    /// Its region.
    pub region: String,
    /// Its id in the region.
    pub id: u64,
}

impl NodeName {
    /// Node `id` of `region`.
    pub fn new(region: &str, id: u64) -> Self {
        Self {
            region: region.to_owned(),
            id,
        }
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.region, self.id)
    }
}

impl FromStr for NodeName {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (region, id) = text
            .rsplit_once('/')
            .context("a node is written REGION/ID, such as us-east-1/1")?;
        Ok(Self {
            region: region.to_owned(),
            id: id.parse().context("a node's id is a number")?,
        })
    }
}
