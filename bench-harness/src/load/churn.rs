//! Connections that come and go beside the load: each connects, asks for versions and metadata, and closes.

use super::interval::Recorder;
use super::plan::{Plan, Times};
use crate::client::Cluster;
use crate::schedule::Schedule;
use glommio::timer::sleep;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// Opens this worker's share of the workload's connections, each at its time, whatever became of the ones before.
pub async fn run(plan: Arc<Plan>, recorder: Rc<RefCell<Recorder>>, share: f64, times: Times) {
    let rate = plan.workload.churn.connections_per_s * share;
    let mut schedule = Schedule::fixed(rate, 0.0, times.start, times.measured.end);
    while let Some(at) = schedule.take() {
        sleep(plan.clock.until(at)).await;
        if plan.shared.is_stopped() {
            return;
        }
        let (plan, recorder) = (Arc::clone(&plan), Rc::clone(&recorder));
        glommio::spawn_local(async move {
            if Cluster::connect(&plan.bootstrap, plan.timeout).await.is_err() {
                recorder.borrow_mut().error("churned connection", 1);
            }
        })
        .detach();
    }
}
