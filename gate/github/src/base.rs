//! The address of the API.

use http::Uri;

/// An address that a token may be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base(Uri);

/// Why no token is sent to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseError {
    /// It is not an address.
    #[error("not an address of an API")]
    Malformed,
    /// It would send the token in the clear.
    #[error("plain http would send the token in the clear")]
    PlainHttp,
    /// It carries a user, a query or a fragment.
    #[error("an address of an API has a host and a path only")]
    Extras,
}

impl Base {
    /// Reads `https://api.github.com`, `https://HOST/api/v3`, or plain http on loopback.
    ///
    /// # Errors
    /// See [`BaseError`].
    pub fn parse(text: &str) -> Result<Self, BaseError> {
        if text.contains(['#', '?', '@']) {
            return Err(BaseError::Extras);
        }
        let uri: Uri = text.parse().map_err(|_| BaseError::Malformed)?;
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or(BaseError::Malformed)?;
        match uri.scheme_str() {
            Some("https") => Ok(Self(uri)),
            Some("http") if is_loopback(host) => Ok(Self(uri)),
            Some("http") => Err(BaseError::PlainHttp),
            _ => Err(BaseError::Malformed),
        }
    }

    /// Scheme and host of `address`, if bytes may be fetched from there, and the path after it.
    ///
    /// # Errors
    /// As [`Base::parse`].
    pub(crate) fn split(address: &str) -> Result<(Self, String), BaseError> {
        let uri: Uri = address.parse().map_err(|_| BaseError::Malformed)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(BaseError::Malformed);
        };
        let base = Self::parse(&format!("{scheme}://{authority}"))?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok((base, path.to_owned()))
    }

    pub(crate) fn as_uri(&self) -> &Uri {
        &self.0
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_over_tls_or_stays_on_the_machine() {
        use BaseError::*;
        for (text, expected) in [
            ("https://api.github.com", None),
            ("https://github.example/api/v3", None),
            ("http://127.0.0.1:4001", None),
            ("http://[::1]:4001", None),
            ("http://localhost:4001/api/v3", None),
            ("http://api.github.com", Some(PlainHttp)),
            ("http://127.0.0.1.evil.example", Some(PlainHttp)),
            ("http://localhost.evil.example", Some(PlainHttp)),
            ("https://token@api.github.com", Some(Extras)),
            ("https://api.github.com?x", Some(Extras)),
            ("ftp://api.github.com", Some(Malformed)),
            ("api.github.com", Some(Malformed)),
            ("/api/v3", Some(Malformed)),
            ("", Some(Malformed)),
        ] {
            assert_eq!(Base::parse(text).err(), expected, "{text}");
        }
    }

    #[test]
    fn a_location_is_split_at_its_host() {
        let (base, path) =
            Base::split("https://blob.example:8443/a/b.zip?sig=1%2F2").expect("sound");
        assert_eq!(base.as_uri().to_string(), "https://blob.example:8443/");
        assert_eq!(path, "/a/b.zip?sig=1%2F2");
        assert_eq!(
            Base::split("http://blob.example/a").err(),
            Some(BaseError::PlainHttp)
        );
        assert_eq!(Base::split("/a").err(), Some(BaseError::Malformed));
    }
}
