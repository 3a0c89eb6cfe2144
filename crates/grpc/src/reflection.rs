//! Server reflection: what is served, told to whoever has no contract at hand. The messages of
//! `grpc.reflection.v1` and `v1alpha` are the same.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DescriptorPool, FileDescriptor};
use runtime::Problem;
use runtime::http::Reply;
use runtime::problem::code;
use tokio::sync::watch;
use tokio::time::Instant;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{
    ErrorResponse, ExtensionNumberResponse, FileDescriptorResponse, ListServiceResponse,
    ServerReflectionRequest, ServerReflectionResponse, ServiceResponse,
};

use crate::frame::{Encoding, Messages, framed};
use crate::stream;

/// The names under which it is asked.
pub(crate) const SERVICES: [&str; 2] =
    ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];
/// For which a caller may say nothing.
const SILENCE: Duration = Duration::from_secs(60);

/// Everything that can be asked.
pub(crate) struct Reflection {
    pool: DescriptorPool,
    /// Encoded, by path.
    files: BTreeMap<String, Bytes>,
    services: Vec<String>,
}

impl Reflection {
    /// The files of a pool, with those of the services that every server has.
    ///
    /// # Errors
    /// The files exclude each other: a defect.
    pub(crate) fn new(mut pool: DescriptorPool, services: Vec<String>) -> Result<Self, String> {
        let own = [
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        ];
        for set in own {
            pool.decode_file_descriptor_set(set).map_err(|error| error.to_string())?;
        }
        let encoded =
            |file: FileDescriptor| (file.name().to_owned(), Bytes::from(file.encode_to_vec()));
        Ok(Self { files: pool.files().map(encoded).collect(), services, pool })
    }

    /// Answers each question of a call.
    pub(crate) fn answer(
        self: &Arc<Self>,
        messages: Messages,
        domain: &str,
        draining: watch::Receiver<bool>,
    ) -> Reply {
        let state = (Arc::clone(self), messages);
        stream::several(state, domain, draining, |(reflection, mut messages)| async move {
            let next = match messages.next(Instant::now() + SILENCE).await {
                Ok(Some(message)) => reflection.asked(&message).map(Some),
                Ok(None) => Ok(None),
                Err(problem) => Err(problem),
            };
            (next, (reflection, messages))
        })
    }

    fn asked(&self, message: &[u8]) -> Result<Bytes, Problem> {
        let malformed = |_| Problem::new(&code::MALFORMED_REQUEST);
        let request = ServerReflectionRequest::decode(message).map_err(malformed)?;
        let found = match &request.message_request {
            None => return Err(Problem::new(&code::MALFORMED_REQUEST)),
            Some(MessageRequest::ListServices(_)) => {
                let service = |name: &String| ServiceResponse { name: name.clone() };
                let service = self.services.iter().map(service).collect();
                Some(MessageResponse::ListServicesResponse(ListServiceResponse { service }))
            }
            Some(MessageRequest::FileByFilename(path)) => self.file(path),
            Some(MessageRequest::FileContainingSymbol(name)) => {
                self.of_symbol(name).and_then(|file| self.file(file.name()))
            }
            Some(MessageRequest::FileContainingExtension(_)) => None,
            Some(MessageRequest::AllExtensionNumbersOfType(name)) => {
                let known = self.pool.get_message_by_name(name).is_some();
                let response = ExtensionNumberResponse {
                    base_type_name: name.clone(),
                    extension_number: Vec::new(),
                };
                known.then_some(MessageResponse::AllExtensionNumbersResponse(response))
            }
        };
        let found = found.unwrap_or_else(|| {
            MessageResponse::ErrorResponse(ErrorResponse {
                error_code: crate::status::code(&Problem::new(&code::NOT_FOUND)),
                error_message: "There is no such thing here.".to_owned(),
            })
        });
        let response = ServerReflectionResponse {
            valid_host: request.host.clone(),
            original_request: Some(request),
            message_response: Some(found),
        };
        Ok(framed(&response.encode_to_vec(), Encoding::Identity))
    }

    /// A file by its path.
    fn file(&self, path: &str) -> Option<MessageResponse> {
        let file = self.files.get(path)?;
        let file_descriptor_proto = vec![file.to_vec()];
        Some(MessageResponse::FileDescriptorResponse(FileDescriptorResponse {
            file_descriptor_proto,
        }))
    }

    /// The file that defines a service, a message, an enum, or a member of one of them.
    fn of_symbol(&self, name: &str) -> Option<FileDescriptor> {
        let defines = |name: &str| {
            let service = || self.pool.get_service_by_name(name).map(|of| of.parent_file());
            let message = || self.pool.get_message_by_name(name).map(|of| of.parent_file());
            let choice = || self.pool.get_enum_by_name(name).map(|of| of.parent_file());
            service().or_else(message).or_else(choice)
        };
        if let Some(file) = defines(name) {
            return Some(file);
        }
        let (parent, member) = name.rsplit_once('.')?;
        let service = self.pool.get_service_by_name(parent);
        let method =
            service.and_then(|of| of.methods().any(|of| of.name() == member).then_some(()));
        let message = self.pool.get_message_by_name(parent);
        let field = message.and_then(|of| of.get_field_by_name(member).map(drop));
        method.or(field).and_then(|()| defines(parent))
    }
}
