//! `/secret-store`

use fastly::secret_store::{LookupError, OpenError, Secret, SecretStore};
use fastly::Request;

use crate::support::{check, check_eq, ok, Expect, Outcome};

pub fn secret_store(_request: Request) -> Outcome {
    let missing = SecretStore::open("no-such-store").err();
    check!(
        matches!(missing, Some(OpenError::SecretStoreDoesNotExist(_))),
        "a store that is not there: {missing:?}"
    );
    let store = SecretStore::open("secrets").expect_that("opening secrets")?;
    let token = store
        .try_get("token")
        .expect_that("token")?
        .expect_that("token")?;
    check_eq!(
        "token",
        token.try_plaintext().expect_that("plaintext")?.as_ref(),
        b"s3cr3t"
    );
    check!(
        store.try_get("missing").expect_that("missing")?.is_none(),
        "a secret that is not there"
    );
    let bad = store.try_get("no spaces allowed").map(|secret| secret.is_some());
    check!(
        matches!(bad, Ok(false) | Err(LookupError::InvalidSecretName(_))),
        "a name with spaces: {bad:?}"
    );

    // Bytes that the guest has from elsewhere become a secret for calls that want one.
    let made = Secret::from_bytes(b"made\0here".to_vec()).expect_that("from_bytes")?;
    check_eq!("a made secret", made.plaintext().as_ref(), b"made\0here");
    ok("token: 6 bytes")
}
