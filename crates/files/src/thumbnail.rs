//! Images made from images: smaller, upright, and without what cameras write into them.

use std::fmt;
use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder as _, ImageError, ImageFormat, ImageReader};
use runtime::Problem;
use runtime::files::Held;
use runtime::operations::report;
use runtime::problem::code;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::contents::ContentsError;
use crate::download::lost;
use crate::limits::Limits;
use crate::mount::Files;

/// Longest side of an image in pixels: there are no others, so that nobody can ask for many.
pub const SIZES: [u16; 5] = [64, 128, 256, 512, 1024];

/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);
/// Quality of JPEG, of 100.
const QUALITY: u8 = 82;
/// First bytes of an image in which its size is told, behind what cameras write.
const HEAD: u64 = 512 * 1024;
/// Bytes that a decoder may take for each pixel: 16 bits of four channels.
const PIXEL: u64 = 8;

/// An image made from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Variant {
    size: u16,
    /// Whether it fills a square, and what does not fit is cut off; else it is within one.
    covers: bool,
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.size, if self.covers { "cover" } else { "contain" })
    }
}

impl Variant {
    /// All that there are.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        SIZES.into_iter().flat_map(|size| [false, true].map(|covers| Self { size, covers }))
    }

    /// That of the parameters `thumbnail` and `fit`.
    pub(crate) fn parse(size: Option<&str>, fit: Option<&str>) -> Result<Option<Self>, Problem> {
        let invalid = |detail: String| Problem::new(&code::INVALID_PARAMETER).detail(detail);
        let covers = match fit {
            None | Some("contain") => false,
            Some("cover") => true,
            Some(_) => return Err(invalid("`fit` is `contain` or `cover`.".to_owned())),
        };
        let Some(size) = size else { return Ok(None) };
        let known = SIZES.into_iter().find(|of| of.to_string() == size);
        let sizes = base::one_of(SIZES.map(|of| of.to_string()).iter().map(String::as_str));
        let size = known.ok_or_else(|| invalid(format!("`thumbnail` is {sizes}.")))?;
        Ok(Some(Self { size, covers }))
    }
}

/// How many images are made at once.
#[derive(Debug)]
pub(crate) struct Images {
    megapixels: Arc<Semaphore>,
    all: u32,
    largest: u32,
    largest_file: u64,
}

impl Images {
    pub(crate) fn new(limits: Limits) -> Self {
        let all = limits.megapixels.max(1);
        let megapixels = Arc::new(Semaphore::new(all as usize));
        let (largest, largest_file) = (limits.largest_image, limits.largest_image_file);
        Self { megapixels, all, largest, largest_file }
    }
}

impl Files {
    /// An image made from a content, with its type: kept from before, or made now and kept.
    pub(crate) async fn image(
        &self,
        key: &str,
        held: &Held,
        variant: Variant,
    ) -> Result<(Bytes, &'static str), Problem> {
        let none = || Problem::new(&code::NO_THUMBNAIL);
        let format = ImageFormat::from_mime_type(&held.media_type).ok_or_else(none)?;
        if !format.reading_enabled() || held.bytes > self.images.largest_file {
            return Err(none());
        }
        match self.contents.whole(key, Some(variant)).await {
            Ok(image) => return Ok(typed(image)),
            Err(ContentsError::Missing) => {}
            Err(error) => return Err(lost(key, &error)),
        }
        let overloaded = || Problem::new(&code::OVERLOADED).retry_after(2);
        let head = self.contents.head(key, held.bytes.min(HEAD)).await;
        let head = head.map_err(|error| lost(key, &error))?;
        let megapixels = megapixels(&head, format).filter(|of| *of <= self.images.largest);
        let megapixels = megapixels.ok_or_else(none)?;
        // A place first: contents that wait would take memory.
        let places = megapixels.max(mebibytes(held.bytes)).clamp(1, self.images.all);
        let places = self.images.megapixels.clone().acquire_many_owned(places);
        let places = timeout(PATIENCE, places).await.ok().and_then(Result::ok);
        let places = places.ok_or_else(overloaded)?;
        let content = self.contents.whole(key, None).await.map_err(|error| lost(key, &error))?;
        let making = tokio::task::spawn_blocking(move || {
            let made = made(&content, format, variant, megapixels);
            drop(places);
            made
        });
        let image = match making.await {
            Ok(Ok(image)) => Bytes::from(image),
            // A decoder that panics has met a content that is no image.
            Ok(Err(_)) | Err(_) => return Err(none()),
        };
        if let Err(error) = self.contents.keep(key, variant, image.clone()).await {
            report::warning("thumbnail-not-kept", &error.to_string());
        }
        Ok(typed(image))
    }
}

/// An image that was made here, with its type.
fn typed(image: Bytes) -> (Bytes, &'static str) {
    let png = image.starts_with(b"\x89PNG");
    (image, if png { "image/png" } else { "image/jpeg" })
}

fn mebibytes(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1024 * 1024)).unwrap_or(u32::MAX)
}

/// How many megapixels an image has by its head, rounded up; none if it has no such head.
fn megapixels(content: &[u8], format: ImageFormat) -> Option<u32> {
    let reader = ImageReader::with_format(Cursor::new(content), format);
    let (width, height) = reader.into_dimensions().ok()?;
    let pixels = u64::from(width) * u64::from(height);
    u32::try_from(pixels.div_ceil(1_000_000)).ok()
}

fn made(
    content: &[u8],
    format: ImageFormat,
    variant: Variant,
    megapixels: u32,
) -> Result<Vec<u8>, ImageError> {
    let mut limits = image::Limits::default();
    let pixels = (u64::from(megapixels) + 1) * 1_000_000;
    limits.max_alloc = Some(pixels.saturating_mul(PIXEL));
    let mut reader = ImageReader::with_format(Cursor::new(content), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let upright = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    let size = u32::from(variant.size);
    image = if variant.covers {
        image.resize_to_fill(size, size, FilterType::Triangle)
    } else if image.width() > size || image.height() > size {
        image.thumbnail(size, size)
    } else {
        image
    };
    image.apply_orientation(upright);
    let mut out = Vec::new();
    if image.color().has_alpha() {
        image.into_rgba8().write_with_encoder(PngEncoder::new(&mut out))?;
    } else {
        image.into_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut out, QUALITY))?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let pixel = |x, y| image::Rgb([(x % 256) as u8, (y % 256) as u8, 90]);
        let picture = DynamicImage::from(image::RgbImage::from_fn(width, height, pixel));
        let mut out = Cursor::new(Vec::new());
        picture.write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    fn size(image: &[u8]) -> (u32, u32) {
        image::load_from_memory(image).map(|image| (image.width(), image.height())).unwrap()
    }

    #[test]
    fn images_become_smaller_and_never_larger() {
        let of = |size, covers| Variant { size, covers };
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
            let content = picture(300, 150, format);
            assert_eq!(megapixels(&content, format), Some(1));
            let contained = made(&content, format, of(64, false), 1).unwrap();
            assert_eq!(size(&contained), (64, 32), "{format:?}");
            let covered = made(&content, format, of(64, true), 1).unwrap();
            assert_eq!(size(&covered), (64, 64), "{format:?}");
            let small = made(&content, format, of(1024, false), 1).unwrap();
            assert_eq!(size(&small), (300, 150), "{format:?}");
        }
    }

    #[test]
    fn what_is_no_image_makes_none() {
        let format = ImageFormat::Png;
        let content = picture(40, 40, format);
        let variant = Variant { size: 64, covers: false };
        for cut in [0, 8, 20, 33, content.len() / 2] {
            assert!(made(&content[..cut], format, variant, 1).is_err(), "{cut}");
        }
        assert_eq!(megapixels(b"GIF89a", ImageFormat::Gif), None);
        assert!(Variant::parse(Some("65"), None).is_err());
        assert!(Variant::parse(Some("064"), None).is_err());
        assert!(Variant::parse(Some("64"), Some("fill")).is_err());
        assert_eq!(Variant::parse(None, None), Ok(None));
        assert_eq!(Variant::all().count(), 10);
    }
}
