//! Kafka's wire format: messages, record batches, compression, error codes.
