// The record layer as the stages call it.
#include <algorithm>

#include "bench/crypto/rig.hpp"

namespace culvert::crypto::record::bench {
namespace {

class Seal : public Subject {
 public:
  explicit Seal(Rig& rig) : rig_(rig) {}
  size_t pass() override {
    SealOp ops[kBurst];
    size_t failed = 0;
    for (size_t done = 0; done < rig_.per_pass(); done += kBurst) {
      const size_t n = std::min(kBurst, rig_.per_pass() - done);
      for (size_t i = 0; i < n; i++) {
        ops[i] = {&rig_.keys(done + i), rig_.record(done + i), rig_.size,
                  ContentType::application_data, 0};
      }
      seal(rig_.mb, {ops, n});
      for (size_t i = 0; i < n; i++)
        failed += ops[i].record_size == 0;
    }
    return failed;
  }

 private:
  Rig& rig_;
};

class Open : public Subject {
 public:
  explicit Open(Rig& rig) : rig_(rig) {}
  size_t pass() override {
    OpenOp ops[kBurst];
    size_t failed = 0;
    for (size_t done = 0; done < rig_.per_pass(); done += kBurst) {
      const size_t n = std::min(kBurst, rig_.per_pass() - done);
      for (size_t i = 0; i < n; i++) {
        ops[i] = {&rig_.keys(done + i),
                  rig_.record(done + i),
                  rig_.record_size,
                  rig_.opened(done + i) + rig_.room.prefix,
                  0,
                  {},
                  {}};
      }
      open(rig_.mb, {ops, n});
      for (size_t i = 0; i < n; i++)
        failed += ops[i].status != OpenStatus::ok;
    }
    return failed;
  }

 private:
  Rig& rig_;
};

}  // namespace

std::unique_ptr<Subject> make_ours(Rig& rig, bool opening) {
  if (opening) return std::make_unique<Open>(rig);
  return std::make_unique<Seal>(rig);
}

}  // namespace culvert::crypto::record::bench
