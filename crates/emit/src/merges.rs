//! What updates send where values of `types` are merged.

use decide::{Design, naming::upper_camel};
use expression::{FieldShape, Type};

use crate::shapes::{Catalogue, Object, Property, Ty, Way, letters};

impl Catalogue {
    /// The type of what an update sends of a field: of a value of `types`, some members.
    pub fn patch(&mut self, design: &Design, ty: &Type, owner: &str, field: &str) -> Ty {
        let Type::Record(record) = ty.required() else {
            return self.ty(design, ty, owner, field, Way::In);
        };
        let shape = design.model.schema.record(*record);
        let name = upper_camel(&letters(&shape.name));
        let property = |of: &FieldShape| Property {
            name: of.name.clone(),
            doc: None,
            ty: self.patch(design, &of.ty, &name, &of.name),
            optional: true,
            default: None,
        };
        let properties = shape.fields.iter().map(property).collect();
        let doc = "What is absent stays; where there was no value, all that it needs is sent.";
        let object = Object { doc: Some(doc.to_owned()), properties };
        Ty::Object(self.named(&format!("{name}Patch"), object, Way::In))
    }
}
