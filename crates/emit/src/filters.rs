//! Filters of a list in GraphQL and protobuf.

use decide::filters::{self, FilterProperty, FilterTest, PREFIX, VALUES};
use expression::{FieldShape, Type};

use crate::shapes::{Property, Ty};

/// The filters of a field, each with the parameter that it is over HTTP.
pub fn of_field(shape: &FieldShape, ty: &Ty) -> Vec<(Property, String)> {
    let field = shape.name.as_str();
    let held = shape.ty.held().is_some();
    // A list is asked for what it holds.
    let ty = match ty {
        Ty::List { of, .. } if held => of.as_ref(),
        ty => ty,
    };
    let property = |of: FilterProperty| {
        let doc = match of.test {
            FilterTest::AnyOf if !of.several && held => {
                format!("Only rows whose `{field}` hold this.")
            }
            FilterTest::AnyOf if !of.several => format!("Only rows whose `{field}` is this."),
            test if held => test.describe_held(field),
            test => test.describe(field),
        };
        let ty = match of.test {
            FilterTest::IsNull => Ty::Scalar(Type::Bool),
            FilterTest::Prefix => Ty::Scalar(Type::string(PREFIX)),
            _ if of.several => Ty::List { of: Box::new(ty.clone()), min: 1, max: VALUES },
            _ => ty.clone(),
        };
        let parameter = of.test.parameter(field);
        (Property { name: of.name, doc: Some(doc), ty, optional: true, default: None }, parameter)
    };
    filters::properties(field, &shape.ty).into_iter().map(property).collect()
}
