//! Encrypts and decrypts with `alias/app`: the example of docs/CLIENTS.md.

use aws_credential_types::Credentials;
use aws_sdk_kms::Client;
use aws_sdk_kms::config::{BehaviorVersion, Config, Region};
use aws_sdk_kms::primitives::Blob;
use std::env::var;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (id, secret) = (var("AWS_ACCESS_KEY_ID")?, var("AWS_SECRET_ACCESS_KEY")?);
    let settings = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(var("AWS_REGION")?))
        .endpoint_url(var("AWS_ENDPOINT_URL_KMS")?)
        .credentials_provider(Credentials::from_keys(id, secret, None))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let kms = Client::from_conf(settings);

    let secret = Blob::new("attack at dawn");
    let sealing = kms.encrypt().key_id("alias/app").plaintext(secret.clone());
    let sealed = sealing.send().await?.ciphertext_blob.ok_or("no ciphertext")?;
    let opened = kms.decrypt().ciphertext_blob(sealed).send().await?;
    assert_eq!(opened.plaintext, Some(secret));
    Ok(())
}
