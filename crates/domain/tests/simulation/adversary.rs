//! A compromised region: it has its own keys and identity, everything it ever received or saw pass, and no scruples.
//! It may ruin itself; what it does not own it must not move. (Attacks 17 and 18 of SECURITY.md.)

use super::model_reseal::{ModelReseal, Sealed, commit, sign, wrap};
use super::world::World;
use kms_domain::Command;
use kms_domain::key::{Key, KeyName};
use kms_domain::multi_region::{
    self, AcceptOutcome, HandoverProof, MaterialBinding, MaterialInRecord, Receipt, Reseal, Role, Shipment,
    ShipmentBody, shared_record,
};
use kms_domain::vocabulary::{Epoch, KeySpec};
use std::sync::Arc;

impl World {
    /// One attack by the region `attacker`.
    pub(crate) fn attack(&mut self, attacker: usize) {
        let victim = self.prng.below(self.regions.len());
        if victim == attacker {
            return;
        }
        match self.prng.below(6) {
            0 => self.replay(),
            1 => self.lie_in_receipt(attacker, victim),
            2 => self.lie_about_imports(attacker, victim),
            3 => self.push_identity(attacker, victim),
            _ => self.push_record(attacker, victim),
        }
    }

    /// Plays back what once passed.
    fn replay(&mut self) {
        let recorded = self.network.recorded.clone();
        if let Some(message) = self.prng.pick(&recorded) {
            self.network.send(message.clone());
        }
    }

    /// Pushes a record of a key that the attacker does not own to a region that has it.
    fn push_record(&mut self, attacker: usize, victim: usize) {
        let Some(key) = self.foreign_key(attacker, victim) else {
            return;
        };
        let shipment = self.forged_shipment(attacker, victim, &key);
        let state = self.regions[victim].state.clone();
        let Some(peer) = state.peer(&self.regions[attacker].name).cloned() else {
            return;
        };
        let outcome = match multi_region::receive(&state, &peer, &shipment, &ModelReseal) {
            Err(outcome) => outcome,
            Ok(wrapped) => {
                let proposal = self.proposal(victim, Command::AcceptShipment(Box::new(wrapped)));
                match self.apply(victim, &proposal).result {
                    Ok(kms_domain::Reply::RecordAccepted(outcome)) => outcome,
                    other => panic!("seed {}: {other:?}", self.seed),
                }
            }
        };
        self.note(|| format!("attack by {attacker} on {victim}: {outcome:?}"));
        let taken = matches!(
            outcome,
            AcceptOutcome::Adopted { .. } | AcceptOutcome::HandoverDeclined { .. }
        );
        assert!(
            !taken,
            "seed {}: a forged record was taken: {outcome:?}",
            self.seed
        );
        self.census.count("a forged record was refused");
    }

    /// A key that lives at the victim, and whose primary role the attacker has and had in no epoch that matters.
    fn foreign_key(&mut self, attacker: usize, victim: usize) -> Option<Arc<Key>> {
        let name = self.regions[attacker].name.clone();
        let keys: Vec<Arc<Key>> = self.regions[victim]
            .state
            .keys()
            .filter(|key| {
                key.multi_region
                    .as_ref()
                    .is_some_and(|m| m.epoch.region != name && !self.was_handed(&key.name, attacker))
            })
            .cloned()
            .collect();
        self.prng.pick(&keys).cloned()
    }

    /// Whether a genuine hand-over to the region is known anywhere: then it may really be the primary.
    fn was_handed(&self, key: &KeyName, region: usize) -> bool {
        let name = &self.regions[region].name;
        self.regions.iter().any(|holder| {
            let copy = holder.state.key(key).and_then(|k| k.multi_region.as_ref());
            copy.is_some_and(|m| m.epoch.region == *name || m.proofs.iter().any(|p| p.to.region == *name))
        })
    }

    fn forged_shipment(&mut self, attacker: usize, victim: usize, key: &Key) -> Shipment<Sealed> {
        let from = self.regions[attacker].region().clone();
        let to = self.regions[victim].name.clone();
        let copy = key.multi_region.clone().unwrap();
        let mut record = shared_record(&self.regions[victim].state, key).unwrap();
        let steps = [1, 2, 1_000][self.prng.below(3)];
        let next = Epoch {
            counter: copy.epoch.counter.saturating_add(steps),
            region: from.name.clone(),
            incarnation: from.incarnation,
        };
        let mut proofs: Vec<HandoverProof> = Vec::new();
        match self.prng.below(5) {
            // Its own epoch, without proof, with one it signed itself, or with one of another key.
            0 => record.stamp.epoch = next.clone(),
            1 => {
                record.stamp.epoch = next.clone();
                proofs = vec![sign(&from.signing_public, &key.name, &copy.epoch, &next)];
            }
            2 => {
                record.stamp.epoch = next.clone();
                let mut proof = sign(&from.signing_public, &key.name, &copy.epoch, &next);
                proof.signature = self.stolen_signature(key);
                proofs = vec![proof];
            }
            // In the true primary's name.
            3 => record.stamp.shared_revision = record.stamp.shared_revision.saturating_add(5),
            // A weaker key.
            _ => {
                record.stamp.shared_revision = record.stamp.shared_revision.saturating_add(5);
                record.spec = KeySpec::Hmac224;
            }
        }
        record.replicas.remove(&from.name);
        record.replicas.insert(to.clone(), copy.incarnation);
        record.handover = None;
        let materials = self.forged_material(attacker, victim, key, &record.stamp);
        Shipment {
            from: from.name,
            from_incarnation: from.incarnation,
            to,
            key: key.name,
            body: ShipmentBody::Record {
                record: Box::new(record),
                replica_incarnation: copy.incarnation,
                materials,
                complete: true,
                creation: None,
                proofs,
            },
        }
    }

    /// A genuine signature of somebody under another key's move.
    fn stolen_signature(&self, key: &Key) -> Arc<[u8]> {
        self.regions
            .iter()
            .flat_map(|region| region.state.keys())
            .filter(|other| other.name != key.name)
            .filter_map(|other| other.multi_region.as_ref())
            .flat_map(|copy| copy.proofs.iter())
            .map(|proof| proof.signature.clone())
            .next()
            .unwrap_or_else(|| Arc::from([0; 64]))
    }

    /// Other bytes under the id of the material that encrypts.
    fn forged_material(
        &mut self,
        attacker: usize,
        victim: usize,
        key: &Key,
        stamp: &multi_region::RecordStamp,
    ) -> Vec<MaterialInRecord<Sealed>> {
        let state = &self.regions[victim].state;
        let Some(current) = key
            .current_material
            .and_then(|id| state.material(&key.name, &id).cloned())
        else {
            return Vec::new();
        };
        let here = self.regions[attacker].region().clone();
        let peer = self.regions[victim].pinned_form();
        let binding = MaterialBinding {
            key: key.name,
            material_id: current.material_id,
            spec: key.spec,
            origin: key.origin,
            epoch: stamp.epoch.clone(),
            shared_revision: stamp.shared_revision,
        };
        let mut forged = (*current).clone();
        let secret = self.prng.bytes::<32>();
        match &mut forged.imported {
            Some(imported) => imported.commitment = wrap(&here, &commit(&secret)),
            None => forged.wrapped = Some(wrap(&here, &secret)),
        }
        let material = ModelReseal.seal(&here, &peer, &binding, &forged).unwrap();
        vec![MaterialInRecord {
            material_id: current.material_id,
            rotation_date: None,
            rotation_kind: None,
            material,
        }]
    }

    /// Says in its own name which imported bytes another region's replica has.
    fn lie_about_imports(&mut self, attacker: usize, victim: usize) {
        let from = self.regions[attacker].region().clone();
        let keys: Vec<Arc<Key>> = self.regions[victim].state.keys().cloned().collect();
        let Some(key) = self.prng.pick(&keys).cloned() else {
            return;
        };
        let others = key.multi_region.iter().flat_map(|copy| &copy.replicas);
        let Some(life) = others
            .filter(|(region, _)| **region != from.name)
            .map(|(_, replica)| replica.incarnation)
            .next()
        else {
            return;
        };
        let materials = self.regions[victim].state.materials_of(key.name, 0);
        let word = Shipment {
            from: from.name,
            from_incarnation: from.incarnation,
            to: self.regions[victim].name.clone(),
            key: key.name,
            body: ShipmentBody::MaterialsImported {
                incarnation: life,
                revision: u64::MAX,
                materials: materials.map(|m| m.material_id).collect(),
            },
        };
        let proposal = self.proposal(victim, Command::AcceptShipment(Box::new(word)));
        let applied = self.apply(victim, &proposal);
        assert!(
            applied.changes.is_empty(),
            "seed {}: a word about another's imports had effect: {:?}",
            self.seed,
            applied.changes
        );
    }

    /// Answers for a replica that is not there any more, or that never was, or for a hand-over to somebody else.
    fn lie_in_receipt(&mut self, attacker: usize, victim: usize) {
        let name = self.regions[attacker].name.clone();
        let keys: Vec<Arc<Key>> = self.regions[victim].state.keys().cloned().collect();
        let Some(key) = self.prng.pick(&keys).cloned() else {
            return;
        };
        let Some(copy) = key.multi_region.as_ref().filter(|m| m.role == Role::Primary) else {
            return;
        };
        let target = copy.handover.as_ref().map(|h| h.target.clone());
        if target.as_ref() == Some(&name) {
            return;
        }
        // The life of somebody else's replica, spoken of in the attacker's own name.
        let Some(life) = copy
            .replicas
            .iter()
            .find(|(region, _)| **region != name)
            .map(|(_, replica)| replica.incarnation)
        else {
            return;
        };
        let materials_held = self.regions[victim]
            .state
            .materials_of(key.name, 0)
            .map(|m| m.material_id)
            .collect();
        let outcome = match self.prng.below(3) {
            0 => AcceptOutcome::Gone { incarnation: life },
            1 => AcceptOutcome::HandoverDeclined {
                epoch_counter: copy.epoch.counter.saturating_add(1),
                reason: "a lie".into(),
            },
            _ => AcceptOutcome::Adopted { stamp: copy.stamp() },
        };
        let receipt = Receipt {
            from: name,
            key: key.name,
            stamp: Some(copy.stamp()),
            incarnation: life,
            materials_held,
            complete: true,
            outcome,
        };
        let proposal = self.proposal(victim, Command::NoteReceipt(Box::new(receipt)));
        let applied = self.apply(victim, &proposal);
        assert!(
            applied.changes.is_empty(),
            "seed {}: a receipt for another's replica had effect: {:?}",
            self.seed,
            applied.changes
        );
    }
}
