//! DeleteTopics (key 20), v1-6.
//!
//! v4: flexible. v5: error messages. v6: topics by id.
//! When it is answered, the topics are gone on every core, and so are their files.

use super::{Context, code_of};
use crate::core::Core;
use ottla_metadata::Uuid;
use ottla_metadata::decide::delete_topics::{DeletedTopic, TopicKey, delete_topics};
use ottla_protocol::ErrorCode;
use ottla_protocol::messages::DeleteTopicsRequest;
use ottla_protocol::messages::delete_topics_response::{DeletableTopicResult, DeleteTopicsResponse};
use std::borrow::Cow;
use std::rc::Rc;

pub(crate) async fn handle(
    core: &Rc<Core>,
    context: &Context,
    request: DeleteTopicsRequest<'_>,
) -> DeleteTopicsResponse<'static> {
    let asked: Vec<(Option<String>, Uuid)> = if context.version >= 6 {
        request.topics.into_iter().map(|topic| (topic.name.map(Cow::into_owned), topic.topic_id)).collect()
    } else {
        request.topic_names.into_iter().map(|name| (Some(name.into_owned()), Uuid::ZERO)).collect()
    };
    let responses = if request.timeout_ms <= 0 && core.config.topics.delete_enabled {
        let late = ErrorCode::REQUEST_TIMED_OUT.0;
        asked.into_iter().map(|(name, id)| refused(name, id, late, "The request timed out.")).collect()
    } else if core.config.topics.delete_enabled {
        delete(core, asked).await
    } else {
        // Clients of older versions do not know the code.
        let code =
            if context.version < 3 { ErrorCode::INVALID_REQUEST } else { ErrorCode::TOPIC_DELETION_DISABLED };
        asked.into_iter().map(|(name, id)| refused(name, id, code.0, "Topic deletion is disabled.")).collect()
    };
    DeleteTopicsResponse { responses, ..DeleteTopicsResponse::default() }
}

async fn delete(core: &Rc<Core>, asked: Vec<(Option<String>, Uuid)>) -> Vec<DeletableTopicResult<'static>> {
    let mut responses = Vec::new();
    let mut keys = Vec::new();
    for (name, id) in asked {
        match named(name, id) {
            Ok(key) => keys.push(key),
            Err(response) => responses.push(*response),
        }
    }
    let decided = core.decide({
        let keys = keys.clone();
        move |image, _| delete_topics(image, &keys)
    });
    match decided.await {
        Ok(results) => responses.extend(results.into_iter().map(answer)),
        Err(error) => {
            let (code, text) = (code_of(&error), error.to_string());
            responses.extend(keys.into_iter().map(|key| match key {
                TopicKey::Name(name) => refused(Some(name), Uuid::ZERO, code, &text),
                TopicKey::Id(id) => refused(None, id, code, &text),
            }));
        }
    }
    responses
}

/// A topic has a name or an id, not both.
fn named(name: Option<String>, id: Uuid) -> Result<TopicKey, Box<DeletableTopicResult<'static>>> {
    let why = match (name, id.is_zero()) {
        (Some(name), true) => return Ok(TopicKey::Name(name)),
        (None, false) => return Ok(TopicKey::Id(id)),
        (Some(name), false) => (Some(name), "You may not specify both topic name and topic id."),
        (None, true) => (None, "Neither topic name nor id were specified."),
    };
    Err(Box::new(refused(why.0, id, ErrorCode::INVALID_REQUEST.0, why.1)))
}

fn answer(topic: DeletedTopic) -> DeletableTopicResult<'static> {
    let (error_code, message) = match &topic.result {
        Ok(()) => (0, None),
        Err(error) => (code_of(error), error.message()),
    };
    DeletableTopicResult {
        name: topic.name.map(Cow::Owned),
        topic_id: topic.topic_id,
        error_code,
        error_message: message.map(Cow::Owned),
    }
}

fn refused(
    name: Option<String>,
    topic_id: Uuid,
    error_code: i16,
    why: &str,
) -> DeletableTopicResult<'static> {
    DeletableTopicResult {
        name: name.map(Cow::Owned),
        topic_id,
        error_code,
        error_message: Some(Cow::Owned(why.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestBroker;
    use ottla_protocol::ApiKey;

    fn delete(broker: &TestBroker, version: i16, name: &'static str) -> i16 {
        let request = DeleteTopicsRequest {
            topic_names: vec![name.into()],
            timeout_ms: 9000,
            ..DeleteTopicsRequest::default()
        };
        let answer = broker.ask(ApiKey::DeleteTopics, version, &request);
        let response: DeleteTopicsResponse<'_> = answer.decode();
        response.responses.first().expect("one was asked for").error_code
    }

    #[test]
    fn a_topic_goes_with_its_files() {
        let broker = TestBroker::start(&[]);
        broker.create_topic("a", 2);
        let files = || {
            let left = std::fs::read_dir(broker.data()).expect("the data directory").flatten();
            left.filter(|entry| entry.file_name().to_string_lossy().starts_with("a-")).count()
        };
        assert_eq!(files(), 2);
        assert_eq!(delete(&broker, 5, "a"), 0);
        assert_eq!(files(), 0);
        assert_eq!(delete(&broker, 5, "a"), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.0);
    }

    #[test]
    fn deletion_can_be_switched_off() {
        let broker = TestBroker::start(&[("delete.topic.enable", "false")]);
        broker.create_topic("a", 1);
        assert_eq!(delete(&broker, 2, "a"), ErrorCode::INVALID_REQUEST.0);
        assert_eq!(delete(&broker, 3, "a"), ErrorCode::TOPIC_DELETION_DISABLED.0);
    }

    #[test]
    fn a_topic_is_named_once() {
        let id = Uuid([7; 16]);
        let name = || Some("a".to_owned());
        assert_eq!(named(name(), Uuid::ZERO), Ok(TopicKey::Name("a".to_owned())));
        assert_eq!(named(None, id), Ok(TopicKey::Id(id)));
        for (name, id) in [(name(), id), (None, Uuid::ZERO)] {
            let refused = named(name, id).expect_err("it is refused");
            assert_eq!(refused.error_code, ErrorCode::INVALID_REQUEST.0);
            assert_eq!(refused.topic_id, id);
        }
    }
}
