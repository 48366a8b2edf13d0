//! A leader's questions for the vote of another node, one after the other on a stream that stays open. As calls of their
//! own they would cost several times as much, nearly all of it for the beginning and the end of a call.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::stream;
use kms_proto::internal::raft::v1 as pb;
use tokio::sync::mpsc;
use tonic::Streaming;

use super::peer::{CallError, Peer};

/// A stream to whoever was asked last.
#[derive(Default)]
pub(crate) struct VoteLine {
    /// Nothing while a question is under way: a stream whose answer nobody waited for must not answer the next.
    idle: Mutex<Option<OpenLine>>,
}

struct OpenLine {
    peer: Peer,
    questions: mpsc::Sender<pb::ReadVoteRequest>,
    answers: Streaming<pb::ReadVoteResponse>,
}

impl VoteLine {
    /// What the peer answers to a question that is sent after this was called.
    ///
    /// # Errors
    /// [`CallError`], as a call of its own would give; the next question is asked on a new stream.
    pub(crate) async fn ask(
        &self,
        peer: &Peer,
        timeout: Duration,
    ) -> Result<pb::ReadVoteResponse, CallError> {
        let asking = async {
            let kept = self.idle().take().filter(|line| line.peer.is_same_as(peer));
            if let Some(line) = kept
                && let Ok(answer) = self.ask_on(line).await
            {
                return Ok(answer);
            }
            // None was kept, or it has ended meanwhile, as it does from time to time.
            self.ask_on(OpenLine::to(peer).await?).await
        };
        let answer = tokio::time::timeout(timeout, asking).await;
        answer.unwrap_or_else(|_| Err(peer.no_answer_within(timeout)))
    }

    /// Asks, and keeps the stream if there was an answer.
    async fn ask_on(&self, mut line: OpenLine) -> Result<pb::ReadVoteResponse, CallError> {
        let answer = line.ask().await?;
        *self.idle() = Some(line);
        Ok(answer)
    }

    /// Whether a stream is kept for the next question.
    #[cfg(test)]
    pub(crate) fn is_open_for_test(&self) -> bool {
        self.idle().is_some()
    }

    fn idle(&self) -> MutexGuard<'_, Option<OpenLine>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenLine {
    async fn to(peer: &Peer) -> Result<Self, CallError> {
        let (questions, asked) = mpsc::channel(1);
        let asked = stream::unfold(asked, async |mut asked| Some((asked.recv().await?, asked)));
        let opened = peer.client()?.read_votes(asked).await;
        match opened {
            Ok(answers) => Ok(Self {
                peer: peer.clone(),
                questions,
                answers: answers.into_inner(),
            }),
            Err(status) => Err(peer.failed(&status).await),
        }
    }

    async fn ask(&mut self) -> Result<pb::ReadVoteResponse, CallError> {
        let question = pb::ReadVoteRequest {
            header: self.peer.header(),
        };
        // If the stream has ended, its answers say why.
        let _ = self.questions.send(question).await;
        match self.answers.message().await {
            Ok(Some(answer)) => {
                self.peer.check(&answer).await?;
                Ok(answer)
            }
            Ok(None) => {
                let reason = "the stream of its votes has ended".to_owned();
                Err(CallError::NoAnswer(self.peer.node_id(), reason))
            }
            Err(status) => Err(self.peer.failed(&status).await),
        }
    }
}
