//! Filters of a list in GraphQL and protobuf.

use decide::filters::{self, FilterProperty, FilterTest, VALUES};
use expression::{FieldShape, Type};

use crate::shapes::{Property, Ty};

/// The filters of a field, each with the parameter that it is over HTTP.
pub fn of_field(shape: &FieldShape, ty: &Ty) -> Vec<(Property, String)> {
    let field = shape.name.as_str();
    let property = |of: FilterProperty| {
        let doc = match of.test {
            FilterTest::AnyOf if !of.several => format!("Only rows whose `{field}` is this."),
            test => test.describe(field),
        };
        let ty = match of.test {
            FilterTest::IsNull => Ty::Scalar(Type::Bool),
            _ if of.several => Ty::List { of: Box::new(ty.clone()), min: 1, max: VALUES },
            _ => ty.clone(),
        };
        let parameter = of.test.parameter(field);
        (Property { name: of.name, doc: Some(doc), ty, optional: true, default: None }, parameter)
    };
    filters::properties(field, &shape.ty).into_iter().map(property).collect()
}
