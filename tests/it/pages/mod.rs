//! The web archive as a browser, a crawler, a mail program and an attacker see it.

mod canaries;
mod leaving;
mod looks;
mod old_addresses;
mod opening;
mod privacy;
mod safety;
mod set_right;
mod signing_in;
pub(crate) mod site;
mod threading;
