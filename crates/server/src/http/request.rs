//! What kind of request arrived, by its first line and headers.

use super::refusal::Refusal;
use super::sigv4::Scoped;
use http::header::{CONTENT_TYPE, HOST};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};
use kms_domain::Operation;

const TARGET: &str = "x-amz-target";
const TARGET_PREFIX: &str = "TrentService.";
const FORM: &str = "application/x-www-form-urlencoded";

/// Which protocol a request speaks, and so which service it means. A form without a target is the query protocol; whatever
/// has a target is AWS JSON, so that a signed target always counts.
pub(crate) fn protocol(headers: &HeaderMap) -> Scoped {
    let is_form = headers.get(CONTENT_TYPE).is_some_and(|value| {
        let media_type = value.as_bytes().split(|b| *b == b';').next().unwrap_or_default();
        media_type.trim_ascii().eq_ignore_ascii_case(FORM.as_bytes())
    });
    match is_form && !headers.contains_key(TARGET) {
        true => Scoped::Sts,
        false => Scoped::Kms,
    }
}

/// Everything is `POST /` without a query, and so are signatures in a query refused.
///
/// # Errors
/// What is different.
pub(crate) fn refuse_other_places(parts: &Parts) -> Result<(), Refusal> {
    if parts.method != Method::POST {
        return Err(Refusal::NotHere("The method is POST."));
    }
    if parts.uri.path() != "/" {
        return Err(Refusal::NotHere("The path is /."));
    }
    match parts.uri.query() {
        None => Ok(()),
        Some(query) if query.contains("X-Amz-Signature") => Err(Refusal::Incomplete(
            "A signature in the query is not accepted; sign the headers.".to_owned(),
        )),
        Some(_) => Err(Refusal::NotHere("There is no query.")),
    }
}

/// HTTP/2 names the host in `:authority`; what was signed is `host`.
///
/// # Errors
/// When both are there and differ.
pub(crate) fn name_the_host(parts: &mut Parts) -> Result<(), Refusal> {
    let Some(authority) = parts.uri.authority() else {
        return Ok(());
    };
    match parts.headers.get(HOST) {
        Some(host) if host.as_bytes() == authority.as_str().as_bytes() => Ok(()),
        Some(_) => Err(Refusal::Incomplete(
            "The 'Host' header and the request's authority differ.".to_owned(),
        )),
        None => {
            let host = HeaderValue::from_str(authority.as_str())
                .map_err(|_| Refusal::Incomplete("The request's authority is no host.".to_owned()))?;
            parts.headers.insert(HOST, host);
            Ok(())
        }
    }
}

/// The operation that X-Amz-Target names.
///
/// # Errors
/// When there is no target, or the service model has no such operation.
pub(crate) fn operation(headers: &HeaderMap) -> Result<Operation, Refusal> {
    let target = headers.get(TARGET).ok_or(Refusal::NoOperation)?;
    let name = target
        .to_str()
        .ok()
        .and_then(|text| text.strip_prefix(TARGET_PREFIX));
    name.and_then(|name| name.parse().ok())
        .ok_or(Refusal::UnknownOperation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn parts(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn only_a_form_without_a_target_is_the_query_protocol() {
        let of = |headers: &[(&str, &str)]| protocol(&parts("POST", "/", headers).headers);
        let form = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        assert_eq!(of(&[form]), Scoped::Sts);
        assert_eq!(
            of(&[("content-type", "Application/X-WWW-Form-Urlencoded")]),
            Scoped::Sts
        );
        assert_eq!(of(&[form, (TARGET, "TrentService.Encrypt")]), Scoped::Kms);
        assert_eq!(of(&[("content-type", "application/x-amz-json-1.1")]), Scoped::Kms);
        assert_eq!(of(&[]), Scoped::Kms);
    }

    #[test]
    fn anything_but_post_to_the_root_is_refused_by_what_differs() {
        let refused = |method, uri| refuse_other_places(&parts(method, uri, &[]));
        assert_eq!(refused("POST", "/"), Ok(()));
        assert_eq!(refused("GET", "/"), Err(Refusal::NotHere("The method is POST.")));
        assert_eq!(refused("POST", "/x"), Err(Refusal::NotHere("The path is /.")));
        assert_eq!(refused("POST", "//"), Err(Refusal::NotHere("The path is /.")));
        assert_eq!(
            refused("POST", "/?a=b"),
            Err(Refusal::NotHere("There is no query."))
        );
        assert_eq!(refused("POST", "/?"), Err(Refusal::NotHere("There is no query.")));
        let presigned = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00";
        assert!(matches!(refused("POST", presigned), Err(Refusal::Incomplete(_))));
    }

    #[test]
    fn the_authority_becomes_the_host_and_never_contradicts_it() {
        let mut http2 = parts("POST", "https://127.0.0.1:7106/", &[]);
        assert_eq!(name_the_host(&mut http2), Ok(()));
        assert_eq!(http2.headers[HOST], "127.0.0.1:7106");
        let mut alike = parts("POST", "https://a:1/", &[("host", "a:1")]);
        assert_eq!(name_the_host(&mut alike), Ok(()));
        let mut other = parts("POST", "https://a:1/", &[("host", "b:1")]);
        assert!(matches!(name_the_host(&mut other), Err(Refusal::Incomplete(_))));
        let mut http1 = parts("POST", "/", &[("host", "a:1")]);
        assert_eq!(name_the_host(&mut http1), Ok(()));
    }

    #[test]
    fn a_target_is_an_operation_of_the_service_model_spelled_exactly() {
        let of = |target| operation(&parts("POST", "/", &[(TARGET, target)]).headers);
        assert_eq!(of("TrentService.Encrypt"), Ok(Operation::Encrypt));
        assert_eq!(of("TrentService.CreateGrant"), Ok(Operation::CreateGrant));
        for unknown in [
            "TrentService.encrypt",
            "TrentService.",
            "Encrypt",
            "Other.Encrypt",
            "",
        ] {
            assert_eq!(of(unknown), Err(Refusal::UnknownOperation), "{unknown}");
        }
        assert_eq!(operation(&HeaderMap::new()), Err(Refusal::NoOperation));
    }
}
