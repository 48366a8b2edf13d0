//! The figures, each with its ratio to its ceiling and, in the full form, whether its threshold is met.

use crate::bench::ceilings::Appends;
use crate::bench::load::Measured;
use serde::Serialize;
use std::fmt::Write;

/// A threshold, and which side of it is good.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// The figure must be at least this.
    AtLeast(f64),
    /// The figure must be below this.
    Below(f64),
}

impl Threshold {
    /// Whether a figure meets it.
    pub fn met_by(self, figure: f64) -> bool {
        match self {
            Self::AtLeast(least) => figure >= least,
            Self::Below(limit) => figure < limit,
        }
    }
}

/// Latencies in microseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Latency {
    /// Half of the calls were faster.
    pub p50_us: u64,
    /// 99 of 100 calls were faster.
    pub p99_us: u64,
    /// 999 of 1,000 calls were faster.
    pub p999_us: u64,
    /// The slowest.
    pub max_us: u64,
}

impl Latency {
    /// Of a histogram in microseconds.
    pub fn of(histogram: &hdrhistogram::Histogram<u64>) -> Self {
        Self {
            p50_us: histogram.value_at_quantile(0.5),
            p99_us: histogram.value_at_quantile(0.99),
            p999_us: histogram.value_at_quantile(0.999),
            max_us: histogram.max(),
        }
    }
}

/// One figure.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// The figure.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// Latencies, where it is a rate.
    pub latency: Option<Latency>,
    /// The ceiling it is held against.
    pub ceiling: Option<String>,
    /// The figure by its ceiling; the median over the repetitions where there are several.
    pub ratio: Option<f64>,
    /// The threshold, and whether it holds for the ratio or, without one, for the figure itself.
    pub threshold: Option<Threshold>,
    /// Whether the threshold is met; absent where there is none or where none is shown.
    pub met: Option<bool>,
    /// Calls that failed.
    pub failed: u64,
    /// What the first failure said.
    pub first_failure: Option<String>,
}

impl Figure {
    /// A figure without a ceiling.
    pub fn plain(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            value,
            unit,
            latency: None,
            ceiling: None,
            ratio: None,
            threshold: None,
            met: None,
            failed: 0,
            first_failure: None,
        }
    }

    /// The rate of a load.
    pub fn rate(name: impl Into<String>, measured: &Measured) -> Self {
        Self {
            latency: Some(Latency::of(&measured.latency_us)),
            failed: measured.failed,
            first_failure: measured.first_failure.clone(),
            ..Self::plain(name, measured.per_second(), "1/s")
        }
    }

    /// The rate of durable appends; the latency is that of one sync.
    pub fn appends(name: impl Into<String>, appends: &Appends) -> Self {
        Self {
            latency: Some(Latency::of(&appends.sync_us)),
            ..Self::plain(name, appends.records_per_second, "records/s")
        }
    }

    /// Held against a ceiling.
    #[must_use]
    pub fn by(mut self, ceiling: &str, ratio: f64) -> Self {
        self.ceiling = Some(ceiling.to_owned());
        self.ratio = Some(ratio);
        self
    }

    /// With a threshold for its ratio.
    #[must_use]
    pub fn ratio_must_be(mut self, threshold: Threshold) -> Self {
        self.threshold = Some(threshold);
        self.met = self.ratio.map(|ratio| threshold.met_by(ratio));
        self
    }

    /// With a threshold for itself.
    #[must_use]
    pub fn must_be(mut self, threshold: Threshold) -> Self {
        self.threshold = Some(threshold);
        self.met = Some(threshold.met_by(self.value));
        self
    }
}

/// All figures of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// `full` or `smoke`.
    pub form: &'static str,
    /// Processors that the run could use.
    pub processors: usize,
    /// The figures.
    pub figures: Vec<Figure>,
}

impl Report {
    /// Whether an operation did not work at all.
    pub fn broken(&self) -> Vec<&Figure> {
        let silent = |figure: &&Figure| figure.latency.is_some() && figure.value <= 0.0;
        self.figures.iter().filter(silent).collect()
    }

    /// The report as text.
    ///
    /// # Errors
    /// None that a string could give.
    pub fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        writeln!(
            text,
            "\n{:<44} {:>10} {:<9} {:>8} {:>8} {:>8}  {:>6} {:<30} THRESHOLD",
            "FIGURE", "VALUE", "UNIT", "P50 US", "P99 US", "P99.9 US", "RATIO", "TO"
        )?;
        for figure in &self.figures {
            let latency = |of: fn(&Latency) -> u64| {
                figure
                    .latency
                    .as_ref()
                    .map_or_else(String::new, |latency| of(latency).to_string())
            };
            let ratio = figure
                .ratio
                .map_or_else(String::new, |ratio| format!("{ratio:.2}"));
            let threshold = match (figure.threshold, figure.met) {
                (Some(threshold), Some(met)) => {
                    format!("{} ({threshold:?})", if met { "met" } else { "MISSED" })
                }
                _ => String::new(),
            };
            let line = format!(
                "{:<44} {:>10.1} {:<9} {:>8} {:>8} {:>8}  {ratio:>6} {:<30} {threshold}",
                figure.name,
                figure.value,
                figure.unit,
                latency(|l| l.p50_us),
                latency(|l| l.p99_us),
                latency(|l| l.p999_us),
                figure.ceiling.as_deref().unwrap_or_default(),
            );
            writeln!(text, "{}", line.trim_end())?;
            if figure.failed > 0 {
                let said = figure.first_failure.as_deref().unwrap_or_default();
                writeln!(text, "    {} calls failed, the first with: {said}", figure.failed)?;
            }
        }
        Ok(text)
    }
}

/// The middle of several; 0 of none.
pub fn median(of: &[f64]) -> f64 {
    let mut sorted = of.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}
