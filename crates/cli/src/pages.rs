//! Lists that come in pages: all of them, or the one that the caller asks for.

use clap::Args;
use serde_json::{Value, json};

use crate::failure::Failure;

/// Which part of a list to show. Without options, all of it.
#[derive(Args, Clone, Debug)]
pub(crate) struct Page {
    /// Show one page of at most this many entries
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..=1000), value_name = "ENTRIES")]
    limit: Option<i32>,
    /// Show the page that starts at this marker (NextMarker of the page before)
    #[arg(long)]
    marker: Option<String>,
}

impl Page {
    /// Fetches the page, or all pages into one whose list is `member`. `fetch` takes limit and marker and gives
    /// the JSON of an answer.
    pub(crate) async fn fetch(
        &self,
        member: &str,
        fetch: impl AsyncFn(Option<i32>, Option<String>) -> Result<Value, Failure>,
    ) -> Result<Value, Failure> {
        let mut answer = fetch(self.limit, self.marker.clone()).await?;
        if self.limit.is_some() || self.marker.is_some() {
            return Ok(answer);
        }
        while let Some(marker) = answer["NextMarker"].as_str() {
            let mut next = fetch(None, Some(marker.to_owned())).await?;
            if let (Some(all), Some(more)) = (answer[member].as_array_mut(), next[member].as_array_mut()) {
                all.append(more);
            }
            answer["NextMarker"] = next["NextMarker"].take();
        }
        if let Some(answer) = answer.as_object_mut() {
            answer.remove("NextMarker");
            answer.insert("Truncated".to_owned(), json!(false));
        }
        Ok(answer)
    }
}

/// The rows of a list, for a table.
pub(crate) fn rows<'a>(answer: &'a Value, member: &str) -> &'a [Value] {
    answer[member].as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::{Value, json};

    use super::Page;
    use crate::failure::Failure;

    async fn three_pages(marker: Option<String>) -> Result<Value, Failure> {
        let page: usize = marker.map_or(0, |marker| marker.parse().unwrap());
        Ok(match page {
            0 | 1 => json!({"Keys": [page], "NextMarker": (page + 1).to_string(), "Truncated": true}),
            _ => json!({"Keys": [page], "Truncated": false}),
        })
    }

    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(future)
    }

    #[test]
    fn without_options_all_pages_become_one() {
        let page = Page {
            limit: None,
            marker: None,
        };
        let all = block_on(page.fetch("Keys", async |_, marker| three_pages(marker).await)).unwrap();
        assert_eq!(all, json!({"Keys": [0, 1, 2], "Truncated": false}));
    }

    #[test]
    fn a_limit_or_a_marker_asks_for_one_page_and_shows_its_marker() {
        let calls = Cell::new(0);
        let page = Page {
            limit: Some(1),
            marker: Some("1".to_owned()),
        };
        let one = block_on(page.fetch("Keys", async |limit, marker| {
            assert_eq!(limit, Some(1));
            calls.set(calls.get() + 1);
            three_pages(marker).await
        }));
        assert_eq!(one.unwrap()["NextMarker"], "2");
        assert_eq!(calls.get(), 1);
    }
}
