//! DescribeGroups: what people and tools see of a classic group.

use super::{Group, State};
use ottla_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use std::borrow::Cow;

fn owned(text: &str) -> Cow<'static, str> {
    Cow::Owned(text.to_owned())
}

impl Group {
    /// Protocol and metadata are told of a stable group alone, as by Kafka.
    pub fn describe(&self, group_id: &str) -> DescribedGroup<'static> {
        let protocol = self.protocol().filter(|_| self.state == State::Stable);
        let members = self.members().map(|member| DescribedGroupMember {
            member_id: owned(&member.id),
            group_instance_id: member.instance_id.as_deref().map(owned),
            client_id: owned(&member.client_id),
            client_host: owned(&member.client_host),
            member_metadata: match protocol {
                Some(protocol) => Cow::Owned(member.metadata(protocol).into()),
                None => Cow::Borrowed(&[]),
            },
            member_assignment: Cow::Owned(member.assignment.to_vec()),
        });
        DescribedGroup {
            group_id: owned(group_id),
            group_state: Cow::Borrowed(self.state.name()),
            protocol_type: owned(self.protocol_type()),
            protocol_data: owned(protocol.unwrap_or_default()),
            members: members.collect(),
            ..DescribedGroup::default()
        }
    }
}
