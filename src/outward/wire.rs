//! The bytes of a request: remote write 1.0, a message of protocol buffers packed by snappy.
//!
//! <https://prometheus.io/docs/specs/prw/remote_write_spec/>: labels sorted by name without
//! duplicates or empty values, samples of a series in the order of their times, the end of a series a
//! NaN with bits of its own.

/// The value that ends a series (Prometheus: `StaleNaN`).
pub const STALE: u64 = 0x7ff0_0000_0000_0002;

/// A request.
#[derive(Clone, PartialEq, prost::Message)]
pub struct WriteRequest {
    /// Series with what is new of them.
    #[prost(message, repeated, tag = "1")]
    pub timeseries: Vec<TimeSeries>,
}

/// A series with what is new of it.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TimeSeries {
    /// Its labels, `__name__` among them.
    #[prost(message, repeated, tag = "1")]
    pub labels: Vec<Label>,
    /// Its samples.
    #[prost(message, repeated, tag = "2")]
    pub samples: Vec<Sample>,
}

/// A label.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, prost::Message)]
pub struct Label {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its value.
    #[prost(string, tag = "2")]
    pub value: String,
}

/// A sample.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Sample {
    /// The value.
    #[prost(double, tag = "1")]
    pub value: f64,
    /// Milliseconds of Unix time.
    #[prost(int64, tag = "2")]
    pub timestamp: i64,
}

/// The body of a request.
///
/// # Errors
/// When it is too large to be packed, which its bounds rule out.
pub(super) fn packed(request: &WriteRequest) -> Result<Vec<u8>, String> {
    let bytes = prost::Message::encode_to_vec(request);
    snap::raw::Encoder::new().compress_vec(&bytes).map_err(|error| error.to_string())
}

/// The request in a body, as a receiver reads it.
///
/// # Errors
/// When it is none.
pub fn unpacked(body: &[u8]) -> Result<WriteRequest, String> {
    let bytes =
        snap::raw::Decoder::new().decompress_vec(body).map_err(|error| error.to_string())?;
    prost::Message::decode(&*bytes).map_err(|error| error.to_string())
}
