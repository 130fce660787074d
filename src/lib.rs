//! Parvis, an email-first community list server. The modules, in the order a post meets them.

pub mod domain;
pub mod mail;
pub mod web;
