//! What the shop's owner changes without a deployment.

use fastly::ConfigStore;

pub struct Settings {
    pub currency: String,
    pub banner: String,
    pub maintenance: bool,
}

impl Settings {
    pub fn read() -> Settings {
        let store = ConfigStore::open("settings");
        Settings {
            currency: store.get("currency").unwrap_or_else(|| "EUR".to_owned()),
            banner: store.get("banner").unwrap_or_default(),
            maintenance: store.get("maintenance").as_deref() == Some("true"),
        }
    }
}
