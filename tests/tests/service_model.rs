//! What the AWS KMS service model says of key specs, usages and algorithms, written down a second time: a table that is
//! compared with itself shows nothing.

pub(crate) const RSA: &[&str] = &["RSA_2048", "RSA_3072", "RSA_4096"];
pub(crate) const NIST_CURVES: &[&str] = &["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"];
pub(crate) const HMAC: &[&str] = &["HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512"];
pub(crate) const ML_DSA: &[&str] = &["ML_DSA_44", "ML_DSA_65", "ML_DSA_87"];
pub(crate) const ML_KEM: &[&str] = &["ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"];
pub(crate) const SYMMETRIC: &str = "SYMMETRIC_DEFAULT";

pub(crate) const ENCRYPT: &str = "ENCRYPT_DECRYPT";
pub(crate) const SIGN: &str = "SIGN_VERIFY";
pub(crate) const MAC: &str = "GENERATE_VERIFY_MAC";
pub(crate) const AGREE: &str = "KEY_AGREEMENT";
pub(crate) const ENCAPSULATE: &str = "ENCAPSULATE_DECAPSULATE";
pub(crate) const USAGES: &[&str] = &[ENCRYPT, SIGN, MAC, AGREE, ENCAPSULATE];

/// Each key spec with the usages it can have.
pub(crate) const SPECS: &[(&str, &[&str])] = &[
    (SYMMETRIC, &[ENCRYPT]),
    ("RSA_2048", &[ENCRYPT, SIGN]),
    ("RSA_3072", &[ENCRYPT, SIGN]),
    ("RSA_4096", &[ENCRYPT, SIGN]),
    ("ECC_NIST_P256", &[SIGN, AGREE]),
    ("ECC_NIST_P384", &[SIGN, AGREE]),
    ("ECC_NIST_P521", &[SIGN, AGREE]),
    ("ECC_SECG_P256K1", &[SIGN]),
    ("ECC_NIST_EDWARDS25519", &[SIGN]),
    ("HMAC_224", &[MAC]),
    ("HMAC_256", &[MAC]),
    ("HMAC_384", &[MAC]),
    ("HMAC_512", &[MAC]),
    ("ML_DSA_44", &[SIGN]),
    ("ML_DSA_65", &[SIGN]),
    ("ML_DSA_87", &[SIGN]),
    ("ML_KEM_512", &[ENCAPSULATE]),
    ("ML_KEM_768", &[ENCAPSULATE]),
    ("ML_KEM_1024", &[ENCAPSULATE]),
];

/// What data key pairs can be.
pub(crate) const DATA_KEY_PAIRS: &[&str] = &[
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "ECC_NIST_P256",
    "ECC_NIST_P384",
    "ECC_NIST_P521",
    "ECC_SECG_P256K1",
    "ECC_NIST_EDWARDS25519",
    "ML_KEM_512",
    "ML_KEM_768",
    "ML_KEM_1024",
];

/// An algorithm, and the specs whose keys have it.
pub(crate) struct Algorithm {
    pub(crate) name: &'static str,
    pub(crate) specs: &'static [&'static str],
}

pub(crate) const ENCRYPTION: &[Algorithm] = &[
    Algorithm {
        name: SYMMETRIC,
        specs: &[SYMMETRIC],
    },
    Algorithm {
        name: "RSAES_OAEP_SHA_1",
        specs: RSA,
    },
    Algorithm {
        name: "RSAES_OAEP_SHA_256",
        specs: RSA,
    },
];

pub(crate) const MACS: &[Algorithm] = &[
    Algorithm {
        name: "HMAC_SHA_224",
        specs: &["HMAC_224"],
    },
    Algorithm {
        name: "HMAC_SHA_256",
        specs: &["HMAC_256"],
    },
    Algorithm {
        name: "HMAC_SHA_384",
        specs: &["HMAC_384"],
    },
    Algorithm {
        name: "HMAC_SHA_512",
        specs: &["HMAC_512"],
    },
];

pub(crate) const AGREEMENT: &[Algorithm] = &[Algorithm {
    name: "ECDH",
    specs: NIST_CURVES,
}];

pub(crate) const ENCAPSULATION: &[Algorithm] = &[Algorithm {
    name: "ML_KEM",
    specs: ML_KEM,
}];

/// A signing algorithm: the specs whose keys have it, the types of message it takes, and the length of its digest.
pub(crate) struct SigningAlgorithm {
    pub(crate) name: &'static str,
    pub(crate) specs: &'static [&'static str],
    pub(crate) message_types: &'static [&'static str],
    pub(crate) digest_bytes: Option<usize>,
}

pub(crate) const MESSAGE_TYPES: &[&str] = &["RAW", "DIGEST", "EXTERNAL_MU"];
const RAW_OR_DIGEST: &[&str] = &["RAW", "DIGEST"];

const fn of_rsa(name: &'static str, digest_bytes: usize) -> SigningAlgorithm {
    SigningAlgorithm {
        name,
        specs: RSA,
        message_types: RAW_OR_DIGEST,
        digest_bytes: Some(digest_bytes),
    }
}

const fn ecdsa(name: &'static str, specs: &'static [&'static str], digest_bytes: usize) -> SigningAlgorithm {
    SigningAlgorithm {
        name,
        specs,
        message_types: RAW_OR_DIGEST,
        digest_bytes: Some(digest_bytes),
    }
}

pub(crate) const SIGNING: &[SigningAlgorithm] = &[
    of_rsa("RSASSA_PSS_SHA_256", 32),
    of_rsa("RSASSA_PSS_SHA_384", 48),
    of_rsa("RSASSA_PSS_SHA_512", 64),
    of_rsa("RSASSA_PKCS1_V1_5_SHA_256", 32),
    of_rsa("RSASSA_PKCS1_V1_5_SHA_384", 48),
    of_rsa("RSASSA_PKCS1_V1_5_SHA_512", 64),
    ecdsa("ECDSA_SHA_256", &["ECC_NIST_P256", "ECC_SECG_P256K1"], 32),
    ecdsa("ECDSA_SHA_384", &["ECC_NIST_P384"], 48),
    ecdsa("ECDSA_SHA_512", &["ECC_NIST_P521"], 64),
    SigningAlgorithm {
        name: "ED25519_SHA_512",
        specs: &["ECC_NIST_EDWARDS25519"],
        message_types: &["RAW"],
        digest_bytes: None,
    },
    SigningAlgorithm {
        name: "ED25519_PH_SHA_512",
        specs: &["ECC_NIST_EDWARDS25519"],
        message_types: &["DIGEST"],
        digest_bytes: Some(64),
    },
    SigningAlgorithm {
        name: "ML_DSA_SHAKE_256",
        specs: ML_DSA,
        message_types: &["RAW", "EXTERNAL_MU"],
        digest_bytes: None,
    },
];

/// The signing algorithms of a spec's keys.
pub(crate) fn signing_algorithms(spec: &str) -> impl Iterator<Item = &'static SigningAlgorithm> {
    SIGNING
        .iter()
        .filter(move |algorithm| algorithm.specs.contains(&spec))
}

/// The first algorithm of a list that a spec's keys have.
pub(crate) fn first_of(algorithms: &'static [Algorithm], spec: &str) -> Option<&'static str> {
    let of_spec = algorithms
        .iter()
        .find(|algorithm| algorithm.specs.contains(&spec));
    of_spec.map(|algorithm| algorithm.name)
}

/// Material of these specs is imported; that of the post-quantum ones is not.
pub(crate) fn can_be_imported(spec: &str) -> bool {
    !ML_DSA.contains(&spec) && !ML_KEM.contains(&spec)
}
