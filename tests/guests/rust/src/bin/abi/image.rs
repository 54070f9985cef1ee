//! `/image`: asks the Image Optimizer, and `/image-raw`, which says what it likes to it.

use fastly::image_optimizer::{
    Area, Crop, Format, ImageOptimizerOptions, ImageOptimizerRegion, PixelsOrPercentage, Sharpen,
};
use fastly::{Body, Request};
use fastly_sys::fastly_image_optimizer::{
    transform_image_optimizer_request, ImageOptimizerErrorDetail, ImageOptimizerErrorTag,
    ImageOptimizerTransformConfig, ImageOptimizerTransformConfigOptions,
};

use crate::support::{ok, Expect, Outcome};

/// `?query=` is the query of the image's URL, `&keep` keeps it for the origin.
pub fn image(request: Request) -> Outcome {
    let mut options = ImageOptimizerOptions::from_region(ImageOptimizerRegion::EuWest);
    options.format = Some(Format::WebP);
    options.width = Some(PixelsOrPercentage::Percentage(12.5));
    options.crop = Some(Crop {
        size: Area::AspectRatio((16, 9)),
        position: None,
        mode: None,
    });
    options.sharpen = Some(Sharpen {
        amount: 5,
        radius: 2.0,
        threshold: 1,
    });
    if request.get_query_parameter("keep").is_some() {
        options.preserve_query_string_on_origin_request = Some(true);
    }
    let query = request.get_query_parameter("query").unwrap_or("");
    let mut response = Request::get(format!("http://images.example/cat.png{query}"))
        .with_image_optimizer(options)
        .send("origin")
        .expect_that("send")?;
    ok(format!(
        "{}: {}",
        response.get_status().as_u16(),
        response.take_body_str(),
    ))
}

/// `?claims=` is what to ask for.
pub fn raw(request: Request) -> Outcome {
    let claims = request.get_query_parameter("claims").unwrap_or("").to_owned();
    let (handle, _) = Request::get("http://images.example/cat.png").into_handles();
    let body = Body::new().into_handle();
    let config = ImageOptimizerTransformConfig {
        sdk_claims_opts: claims.as_ptr(),
        sdk_claims_opts_len: claims.len() as u32,
    };
    let mut message = [0u8; 128];
    let mut detail = ImageOptimizerErrorDetail::uninitialized();
    detail.message = message.as_mut_ptr();
    detail.message_len = message.len();
    let (mut response, mut response_body) = (0, 0);
    let status = unsafe {
        transform_image_optimizer_request(
            handle.into_u32(),
            body.into_u32(),
            "origin".as_ptr(),
            "origin".len(),
            ImageOptimizerTransformConfigOptions::SDK_CLAIMS_OPTS,
            &config,
            &mut detail,
            &mut response,
            &mut response_body,
        )
    };
    let words = match detail.tag {
        ImageOptimizerErrorTag::Error => String::from_utf8_lossy(&message[..detail.message_len]).into_owned(),
        _ => String::new(),
    };
    ok(format!("{status:?} {:?} {words}", detail.tag))
}
