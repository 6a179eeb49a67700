//! Deployments that an operator watches.

use super::service::Service;
use super::{ADMIN_TOKEN, Deployment};

/// The key of the names in their log.
pub const LOG_KEY: &str = "the-log-key-of-the-tests-0123456789";

impl Deployment {
    /// Every request has its line and its data point.
    #[must_use]
    pub fn observed() -> Self {
        Self {
            admin_token: Some(ADMIN_TOKEN),
            service: Some(Service::Metrics),
            settings: r#"
                log = { level = "debug" }
                clients = [
                    { client_id = "configured", redirect_uris = ["https://configured.example/cb"], token_endpoint_auth_method = "none" },
                ]
            "#
            .into(),
            ..Self::shipped("observed")
        }
    }

    /// The log has refusals and failures only.
    #[must_use]
    pub fn quiet() -> Self {
        Self { settings: "log = { level = \"warn\" }".into(), ..Self::shipped("quiet") }
    }

    /// What is bound for counters is no dataset, and the log has a key for its names.
    #[must_use]
    pub fn wrong_metrics() -> Self {
        Self {
            metrics_variable: Some("no dataset"),
            log_key: Some(LOG_KEY),
            ..Self::shipped("wrong metrics")
        }
    }

    /// An admin API, and nowhere to keep copies.
    #[must_use]
    pub fn administered_without_cache() -> Self {
        Self { admin_token: Some(ADMIN_TOKEN), ..Self::without_binding(&["CACHE"]) }
    }
}
