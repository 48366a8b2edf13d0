//! Operations whose answer does not depend on what was asked.

/// Operations that answer with the given message whatever they are asked, or with an empty one. Written out as
/// `tonic::async_trait` would, which does not see into macros.
macro_rules! plain {
    ($($name:ident: $request:path => $response:path $({ $($member:ident: $value:expr),* $(,)? })?),* $(,)?) => { $(
        fn $name<'node, 'call>(
            &'node self,
            request: tonic::Request<$request>,
        ) -> std::pin::Pin<
            Box<dyn Future<Output = Result<tonic::Response<$response>, tonic::Status>> + Send + 'call>,
        >
        where
            'node: 'call,
        {
            #[allow(unused_mut)]
            let mut answer = <$response>::default();
            $($(answer.$member = $value;)*)?
            Box::pin(async move { self.0.answer(stringify!($name), &request, answer).await })
        }
    )* };
}

pub(crate) use plain;
