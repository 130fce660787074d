//! Parvis, an email-first community list server. The modules, in the order a post meets them.

pub mod admin;
pub mod cli;
pub mod config;
pub mod demo;
pub mod domain;
pub mod flow;
pub mod init;
pub mod letters;
pub mod mail;
pub mod serve;
pub mod smtp;
pub mod store;
pub mod web;
