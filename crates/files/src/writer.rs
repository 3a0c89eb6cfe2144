//! A content on its way to where it is kept.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt as _, PutPayload};

use crate::contents::ContentsError;

/// Takes bytes until it is finished. Small contents go in one piece; of large ones, one part is
/// held at a time, so that a slow place slows the client down.
pub(crate) struct Writer {
    store: Arc<dyn ObjectStore>,
    path: Path,
    part: usize,
    held: BytesMut,
    upload: Option<Box<dyn MultipartUpload>>,
}

impl Writer {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, path: Path, part: usize) -> Self {
        Self { store, path, part, held: BytesMut::new(), upload: None }
    }

    /// Takes more bytes.
    pub(crate) async fn write(&mut self, bytes: &Bytes) -> Result<(), ContentsError> {
        self.held.extend_from_slice(bytes);
        while self.held.len() >= self.part {
            let part = self.held.split_to(self.part).freeze();
            self.send(part).await?;
        }
        Ok(())
    }

    async fn send(&mut self, part: Bytes) -> Result<(), ContentsError> {
        let mut upload = match self.upload.take() {
            Some(upload) => upload,
            None => self.store.put_multipart(&self.path).await?,
        };
        let sent = upload.put_part(PutPayload::from(part)).await;
        self.upload = Some(upload);
        Ok(sent?)
    }

    /// The content is there, durably, once this has returned.
    pub(crate) async fn finish(mut self) -> Result<(), ContentsError> {
        let rest = self.held.split().freeze();
        if self.upload.is_none() {
            self.store.put(&self.path, PutPayload::from(rest)).await?;
            return Ok(());
        }
        if !rest.is_empty()
            && let Err(error) = self.send(rest).await
        {
            self.abandon().await;
            return Err(error);
        }
        if let Some(mut upload) = self.upload.take()
            && let Err(error) = upload.complete().await
        {
            drop(upload.abort().await);
            return Err(error.into());
        }
        Ok(())
    }

    /// Nothing of it stays, as far as that can be done now.
    pub(crate) async fn abandon(mut self) {
        if let Some(mut upload) = self.upload.take() {
            drop(upload.abort().await);
        }
    }
}
