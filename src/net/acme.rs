//! Orders a certificate from an authority that looks whether a name is ours over http (RFC 8555,
//! http-01).
//!
//! The account is kept in a file, so that the authority knows us again. Shows the answers it is
//! given to show through a function; knows nothing of when a certificate is wanted, or of sockets.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, Order,
    OrderStatus, RetryPolicy,
};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

/// For all of one order, with an authority that answers slowly or not at all.
const ORDER_TIME_MAX: Duration = Duration::from_secs(5 * 60);

/// For the authority to look at our answers, and then to sign.
const LOOK_TIME_MAX: Duration = Duration::from_secs(2 * 60);

/// RFC 8555 §6.7.
const NO_SUCH_ACCOUNT: &str = "urn:ietf:params:acme:error:accountDoesNotExist";

/// Whom to ask, for what.
#[derive(Clone, Debug)]
pub struct AcmeRequest {
    /// The authority's directory.
    pub directory: String,
    /// Whom they may write to.
    pub email: Option<String>,
    /// What the certificate shall be for.
    pub names: Vec<String>,
    /// Where the account is kept.
    pub account_file: PathBuf,
}

/// Why there is no new certificate.
#[derive(Debug, thiserror::Error)]
pub enum AcmeError {
    /// The authority refused, or could not be talked to.
    #[error("{0}")]
    Authority(String),
    /// The account could not be kept or read.
    #[error("cannot keep the account in {path}: {source}")]
    Account {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It took too long.
    #[error("the authority did not finish in {} minutes", ORDER_TIME_MAX.as_secs() / 60)]
    Late,
}

impl From<instant_acme::Error> for AcmeError {
    fn from(error: instant_acme::Error) -> AcmeError {
        // The causes say what the first word does not: which name, which address, which alert.
        let mut words = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(deeper) = cause {
            let deeper_words = deeper.to_string();
            if !words.contains(&deeper_words) {
                words.push_str(": ");
                words.push_str(&deeper_words);
            }
            cause = deeper.source();
        }
        AcmeError::Authority(words)
    }
}

/// What is answered at `/.well-known/acme-challenge/TOKEN` for a while.
pub trait Answers {
    /// From now on, this token is answered so.
    fn show(&self, token: &str, answer: &str);
    /// No longer.
    fn forget(&self, token: &str);
}

/// The account, and whose it is: one of another authority is of no use.
#[derive(Serialize, Deserialize)]
struct KeptAccount {
    directory: String,
    credentials: AccountCredentials,
}

/// A chain and its key in one PEM text, the key first.
pub async fn obtain(request: &AcmeRequest, answers: &impl Answers) -> Result<String, AcmeError> {
    let mut shown = Vec::new();
    let ordered = timeout(ORDER_TIME_MAX, order(request, answers, &mut shown)).await;
    for token in shown {
        answers.forget(&token);
    }
    ordered.map_err(|_| AcmeError::Late)?
}

async fn order(
    request: &AcmeRequest,
    answers: &impl Answers,
    shown: &mut Vec<String>,
) -> Result<String, AcmeError> {
    let names: Vec<Identifier> = request.names.iter().map(|name| Identifier::Dns(name.clone())).collect();
    let wanted = NewOrder::new(&names);
    let mut order = match account(request).await?.new_order(&wanted).await {
        Err(instant_acme::Error::Api(problem)) if problem.r#type.as_deref() == Some(NO_SUCH_ACCOUNT) => {
            // They have forgotten us, so we begin anew.
            let forgotten = fs::remove_file(&request.account_file);
            forgotten.map_err(|source| AcmeError::Account { path: request.account_file.clone(), source })?;
            account(request).await?.new_order(&wanted).await?
        }
        ordered => ordered?,
    };
    answer_challenges(&mut order, answers, shown).await?;
    let patience = RetryPolicy::default().timeout(LOOK_TIME_MAX);
    if order.poll_ready(&patience).await? != OrderStatus::Ready {
        return Err(AcmeError::Authority(why_not(&mut order).await));
    }
    let key = order.finalize().await?;
    let chain = order.poll_certificate(&patience).await?;
    Ok(format!("{}\n{chain}", key.trim_end()))
}

async fn answer_challenges(
    order: &mut Order,
    answers: &impl Answers,
    shown: &mut Vec<String>,
) -> Result<(), AcmeError> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let Some(mut challenge) = authorization.challenge(ChallengeType::Http01) else {
            return Err(AcmeError::Authority("the authority offers no http-01".to_owned()));
        };
        let token = challenge.token.clone();
        answers.show(&token, challenge.key_authorization().as_str());
        shown.push(token);
        challenge.set_ready().await?;
    }
    Ok(())
}

/// What the authority found wrong with a name.
async fn why_not(order: &mut Order) -> String {
    let mut words = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(Ok(authorization)) = authorizations.next().await {
        for challenge in &authorization.challenges {
            if let Some(error) = &challenge.error {
                words.push(error.to_string());
            }
        }
    }
    if words.is_empty() { "the authority did not accept the order".to_owned() } else { words.join("; ") }
}

/// The account we have with this authority, or a new one.
async fn account(request: &AcmeRequest) -> Result<Account, AcmeError> {
    let trouble = |source| AcmeError::Account { path: request.account_file.clone(), source };
    let kept = match fs::read(&request.account_file) {
        Ok(bytes) => Some(serde_json::from_slice::<KeptAccount>(&bytes).map_err(|e| trouble(e.into()))?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(trouble(error)),
    };
    let builder = Account::builder()?;
    if let Some(kept) = kept.filter(|kept| kept.directory == request.directory) {
        return Ok(builder.from_credentials(kept.credentials).await?);
    }
    let contact = request.email.as_ref().map(|email| format!("mailto:{email}"));
    let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
    let wanted = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
    let (account, credentials) = builder.create(&wanted, request.directory.clone(), None).await?;
    let kept = KeptAccount { directory: request.directory.clone(), credentials };
    let text = serde_json::to_string(&kept).map_err(|e| trouble(e.into()))?;
    write_secret(&request.account_file, &text).map_err(trouble)?;
    Ok(account)
}

/// All of it or nothing, readable to us alone; its folder is made.
pub fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.as_file().set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    fs::File::open(folder)?.sync_all()
}
