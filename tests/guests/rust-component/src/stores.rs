//! Stores and caches.

use crate::*;

fn insert(mode: kv_store::InsertMode) -> kv_store::InsertOptions<'static> {
    kv_store::InsertOptions {
        background_fetch: false,
        if_generation_match: None,
        metadata: Some("about it".to_string()),
        time_to_live_sec: Some(60),
        mode,
        extra: None,
    }
}

pub fn kv() -> Answer {
    let things = kv_store::Store::open("things").map_err(text)?;
    let old = things.lookup("existing").map_err(text)?.ok_or("not there")?;
    let old_body = read_all(&old.take_body().ok_or("no body")?)?;
    let twice = old.take_body().is_none();
    things.insert("new", body_of(b"value"), &insert(kv_store::InsertMode::Overwrite)).map_err(text)?;
    let again = things.insert("new", body_of(b"x"), &insert(kv_store::InsertMode::Add));
    let pending = things
        .insert_async("new", body_of(b"!"), &insert(kv_store::InsertMode::Append))
        .map_err(text)?;
    kv_store::await_insert(pending).map_err(text)?;
    let found = kv_store::await_lookup(things.lookup_async("new").map_err(text)?).map_err(text)?.ok_or("lost")?;
    let short = found.metadata(2);
    let listed = things
        .list(&kv_store::ListOptions {
            mode: kv_store::ListMode::Strong,
            cursor: None,
            limit: Some(10),
            prefix: Some("n".to_string()),
            extra: None,
        })
        .map_err(text)?;
    let (gone, never) = (things.delete("new").map_err(text)?, things.delete("new").map_err(text)?);
    Ok(format!(
        "old: {}\ntwice: {twice}\nagain: {}\nnew: {}\nmetadata: {:?}\nshort: {short:?}\ngeneration: {}\nlist: {}\ngone: {gone} {never} {}\nnowhere: {:?}\n",
        String::from_utf8_lossy(&old_body),
        again.err().map(text).unwrap_or_default(),
        String::from_utf8_lossy(&read_all(&found.take_body().ok_or("no body")?)?),
        found.metadata(MANY).map_err(text)?,
        found.generation() > 0,
        String::from_utf8_lossy(&read_all(&listed)?),
        things.lookup("new").map_err(text)?.is_none(),
        kv_store::Store::open("nowhere").err(),
    ))
}

pub fn tables() -> Answer {
    let config = config_store::Store::open("config").map_err(text)?;
    let old = dictionary::Dictionary::open("config").map_err(text)?;
    let secrets = secret_store::Store::open("secrets").map_err(text)?;
    let token = secrets.get("token").map_err(text)?.ok_or("no token")?;
    let own = secret_store::Secret::from_bytes(b"mine").map_err(text)?;
    let list = acl::Acl::open("blocklist").map_err(text)?;
    let hit = list.lookup(types::IpAddress::Ipv4((192, 0, 2, 7))).map_err(text)?;
    let miss = list.lookup(types::IpAddress::Ipv6((0x2002, 0xdb8, 0, 0, 0, 0, 0, 9))).map_err(text)?;
    Ok(format!(
        "config: {:?} {:?} {:?}\ndictionary: {:?}\nsecret: {} {} {}\nacl: {:?} {}\nnowhere: {:?} {:?}\n",
        config.get("greeting", MANY).map_err(text)?,
        config.get("absent", MANY).map_err(text)?,
        config.get("greeting", 2),
        old.lookup("greeting", MANY).map_err(text)?,
        String::from_utf8_lossy(&token.plaintext(MANY).map_err(text)?),
        String::from_utf8_lossy(&own.plaintext(MANY).map_err(text)?),
        secrets.get("absent").map_err(text)?.is_none(),
        hit.map(|b| read_all(&b).map(|v| String::from_utf8_lossy(&v).replace(['\n', ' '], ""))),
        miss.is_none(),
        config_store::Store::open("nowhere").err(),
        acl::Acl::open("nowhere").err(),
    ))
}

fn lookup() -> cache::LookupOptions<'static> {
    cache::LookupOptions { request_headers: None, always_use_requested_range: false, extra: None }
}

fn write(max_age_s: u64) -> cache::WriteOptions<'static> {
    cache::WriteOptions {
        max_age_ns: max_age_s * 1_000_000_000,
        request_headers: None,
        vary_rule: None,
        initial_age_ns: None,
        stale_while_revalidate_ns: Some(5),
        surrogate_keys: Some("k1 k2".to_string()),
        length: Some(5),
        user_metadata: Some(b"meta".to_vec()),
        edge_max_age_ns: None,
        sensitive_data: false,
        extra: None,
    }
}

pub fn cache() -> Answer {
    let entry = cache::Entry::transaction_lookup(b"key", &lookup()).map_err(text)?;
    let state = entry.get_state().map_err(text)?;
    // Served for the second time, it finds what the first stored, and has nothing to insert.
    let part = if state.contains(cache::LookupState::MUST_INSERT_OR_UPDATE) {
        let (body, back) = entry.transaction_insert_and_stream_back(&write(100)).map_err(text)?;
        http_body::write(&body, b"bytes").map_err(text)?;
        http_body::close(body).map_err(text)?;
        let range = cache::GetBodyOptions { from: Some(1), to: Some(3), extra: None };
        read_all(&back.get_body(&range).map_err(text)?)?
    } else {
        Vec::new()
    };
    let pending = cache::Entry::transaction_lookup_async(b"key", &lookup()).map_err(text)?;
    let found = cache::await_entry(pending).map_err(text)?;
    let whole = cache::GetBodyOptions { from: None, to: None, extra: None };
    Ok(format!(
        "first: {state:?}\npart: {}\nthen: {:?}\nlength: {:?}\nage: {:?}\nmax: {:?}\nhits: {:?}\nmetadata: {:?}\nbody: {}\nmiss: {:?}\n",
        String::from_utf8_lossy(&part),
        found.get_state().map_err(text)?,
        found.get_length().map_err(text)?,
        found.get_age_ns().map_err(text)?,
        found.get_max_age_ns().map_err(text)?,
        found.get_hits().map_err(text)?.is_some(),
        found.get_user_metadata(MANY).map_err(text)?.map(|v| String::from_utf8_lossy(&v).into_owned()),
        String::from_utf8_lossy(&read_all(&found.get_body(&whole).map_err(text)?)?),
        cache::Entry::lookup(b"other", &lookup()).map_err(text)?.get_length(),
    ))
}

pub fn purge() -> Answer {
    let body = cache::insert(b"kept", &write(100)).map_err(text)?;
    http_body::write(&body, b"bytes").map_err(text)?;
    http_body::close(body).map_err(text)?;
    let options = purge::PurgeOptions { soft_purge: false, extra: None };
    let before = cache::Entry::lookup(b"kept", &lookup()).map_err(text)?.get_state().map_err(text)?;
    let said = purge::purge_surrogate_key_verbose("k1", &options, MANY).map_err(text)?;
    let after = cache::Entry::lookup(b"kept", &lookup()).map_err(text)?.get_state().map_err(text)?;
    let short = purge::purge_surrogate_key_verbose("k1", &options, 3);
    purge::purge_surrogate_key("k2", &options).map_err(text)?;
    Ok(format!(
        "before: {before:?}\nsaid: {}\nafter: {after:?}\nshort: {}\n",
        said.contains("\"ok\""),
        short.is_err(),
    ))
}
