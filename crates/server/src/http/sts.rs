//! STS GetCallerIdentity, which tools ask before anything else: the query protocol of 2011-06-15, answers in XML.

use super::refusal::{Refusal, Told};
use kms_domain::vocabulary::Principal;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt::Write;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
const VERSION: &str = "2011-06-15";
const GET_CALLER_IDENTITY: &str = "GetCallerIdentity";

/// Which action a form asks for; there is one.
///
/// # Errors
/// When the form cannot be read, or names no action or another one.
pub(crate) fn refuse_other_actions(form: &[u8]) -> Result<(), Refusal> {
    let malformed = |text: &str| Refusal::Serialization(text.to_owned());
    let text = std::str::from_utf8(form).map_err(|_| malformed("The request body is not valid UTF-8."))?;
    let (mut action, mut version) = (None, None);
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = decode(name).zip(decode(value));
        let (name, value) = decoded.ok_or_else(|| malformed("The request body is not a form."))?;
        let slot = match &*name {
            "Action" => &mut action,
            "Version" => &mut version,
            _ => continue,
        };
        if slot.replace(value).is_some() {
            return Err(malformed("The request body has a parameter twice."));
        }
    }
    match (action.as_deref(), version.as_deref()) {
        (None, _) => Err(Refusal::NoOperation),
        (Some(GET_CALLER_IDENTITY), Some(VERSION) | None) => Ok(()),
        _ => Err(Refusal::UnknownOperation),
    }
}

/// A name or value of `application/x-www-form-urlencoded`; `None` for an incomplete escape or no text.
fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(['%', '+']) {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex_digit(bytes.next()?)? << 4 | hex_digit(bytes.next()?)?,
            plain => plain,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn hex_digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

/// Who the caller is.
pub(crate) fn caller_identity(caller: &Principal, request_id: &str) -> String {
    let (arn, account) = (caller.to_string(), caller.account().to_string());
    format!(
        "<GetCallerIdentityResponse xmlns=\"{NAMESPACE}\"><GetCallerIdentityResult><Arn>{}</Arn><UserId>{}</UserId>\
         <Account>{}</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata>\
         </GetCallerIdentityResponse>",
        escape(&arn),
        user_id(&arn),
        escape(&account),
        escape(request_id),
    )
}

/// A user's id in AWS's form: `AIDA` and 17 characters. It follows from the ARN, because users have no ids of their own yet.
fn user_id(arn: &str) -> String {
    const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let hash = Sha256::digest(arn);
    let digits = hash
        .iter()
        .take(17)
        .map(|byte| char::from(BASE32[usize::from(byte & 31)]));
    "AIDA".chars().chain(digits).collect()
}

/// A refusal.
pub(crate) fn error(told: &Told, request_id: &str) -> String {
    let fault = if told.status.is_server_error() {
        "Receiver"
    } else {
        "Sender"
    };
    format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>{fault}</Type><Code>{}</Code><Message>{}</Message></Error>\
         <RequestId>{}</RequestId></ErrorResponse>",
        told.code,
        escape(told.message.as_deref().unwrap_or_default()),
        escape(request_id),
    )
}

/// Text between XML tags. What XML 1.0 cannot hold at all is shown as a question mark.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\t' | '\n' => escaped.push(character),
            // A bare carriage return would be read back as a line feed.
            '\r' => escaped.push_str("&#13;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('?'),
            // Writing to a String does not fail.
            '\u{7f}'..='\u{9f}' => {
                let _ = write!(escaped, "&#{};", u32::from(character));
            }
            plain => escaped.push(plain),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    fn asks(form: &str) -> Result<(), Refusal> {
        refuse_other_actions(form.as_bytes())
    }

    #[test]
    fn the_one_action_is_found_however_the_form_is_spelled() {
        for form in [
            "Action=GetCallerIdentity&Version=2011-06-15",
            "Version=2011-06-15&Action=GetCallerIdentity",
            "Action=GetCallerIdentity",
            "Action=Get%43aller%49dentity&Version=2011%2d06%2D15&Other=a+b&&x",
        ] {
            assert_eq!(asks(form), Ok(()), "{form}");
        }
    }

    #[test]
    fn every_other_form_is_refused_for_what_it_is() {
        let serialization = |text: &str| Err(Refusal::Serialization(text.to_owned()));
        assert_eq!(asks(""), Err(Refusal::NoOperation));
        assert_eq!(asks("Version=2011-06-15"), Err(Refusal::NoOperation));
        for other in [
            "Action=AssumeRole&Version=2011-06-15",
            "Action=GetCallerIdentity&Version=2010-05-08",
            "Action=",
            "Action=getcalleridentity",
        ] {
            assert_eq!(asks(other), Err(Refusal::UnknownOperation), "{other}");
        }
        for malformed in ["Action=%", "Action=%4", "Action=%zz", "Action=%ff", "%+1=x"] {
            assert_eq!(
                asks(malformed),
                serialization("The request body is not a form."),
                "{malformed}"
            );
        }
        assert_eq!(
            asks("Action=GetCallerIdentity&Action=GetCallerIdentity"),
            serialization("The request body has a parameter twice.")
        );
        assert_eq!(
            refuse_other_actions(b"Action=\xff"),
            serialization("The request body is not valid UTF-8.")
        );
    }

    #[test]
    fn text_is_escaped_so_that_it_ends_no_element() {
        assert_eq!(
            escape("<a href=\"x\">'&'</a>\0\u{1}\r\n\u{85}ü\u{ffff}"),
            "&lt;a href=&quot;x&quot;&gt;&apos;&amp;&apos;&lt;/a&gt;??&#13;\n&#133;ü?"
        );
        let told = Told {
            code: "InvalidAction",
            status: StatusCode::BAD_REQUEST,
            message: Some("</Message><Code>x</Code>".to_owned()),
        };
        let xml = error(&told, "id");
        assert_eq!(xml.matches("<Code>").count(), 1);
        assert!(xml.contains("&lt;/Message&gt;&lt;Code&gt;x"), "{xml}");
    }

    #[test]
    fn a_callers_identity_is_its_arn_account_and_a_stable_id() {
        let caller: Principal = "arn:aws:iam::111122223333:user/alice".parse().unwrap();
        let xml = caller_identity(&caller, "r-1");
        assert!(
            xml.contains("<Arn>arn:aws:iam::111122223333:user/alice</Arn>"),
            "{xml}"
        );
        assert!(xml.contains("<Account>111122223333</Account>"), "{xml}");
        assert!(xml.contains("<RequestId>r-1</RequestId>"), "{xml}");
        let id = user_id(&caller.to_string());
        assert_eq!(id.len(), 21);
        assert_eq!(id, user_id("arn:aws:iam::111122223333:user/alice"));
        assert_ne!(id, user_id("arn:aws:iam::111122223333:user/bob"));
    }

    #[test]
    fn a_fault_of_the_service_is_the_receivers() {
        let told = |status| Told {
            code: "x",
            status,
            message: None,
        };
        assert!(error(&told(StatusCode::INTERNAL_SERVER_ERROR), "").contains("<Type>Receiver</Type>"));
        assert!(error(&told(StatusCode::FORBIDDEN), "").contains("<Type>Sender</Type>"));
    }
}
