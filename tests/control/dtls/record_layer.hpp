// What a worker does with the keys of a tunnel: seals and opens application data.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "crypto/isa.hpp"
#include "crypto/record/protection.hpp"

namespace culvert::control::test {

class RecordLayer {
 public:
  RecordLayer(const crypto::record::KeyMaterial& rx, const crypto::record::KeyMaterial& tx)
      : mb_(crypto::best_isa(0)),
        rx_(std::make_unique<crypto::record::Keys>()),
        tx_(std::make_unique<crypto::record::Keys>()),
        overhead_(crypto::record::overhead(tx)) {
    EXPECT_TRUE(rx_->install(mb_, rx));
    EXPECT_TRUE(tx_->install(mb_, tx));
  }
  [[nodiscard]] std::vector<uint8_t> seal(std::string_view text) {
    std::vector<uint8_t> record(overhead_.total() + text.size());
    std::memcpy(record.data() + overhead_.prefix, text.data(), text.size());
    crypto::record::SealOp op{};
    op.keys = tx_.get();
    op.record = record.data();
    op.payload_size = static_cast<uint32_t>(text.size());
    op.type = crypto::record::ContentType::application_data;
    crypto::record::seal(mb_, {&op, 1});
    EXPECT_NE(op.record_size, 0u);
    record.resize(op.record_size);
    return record;
  }
  // "" if it is not authentic application data.
  [[nodiscard]] std::string open(const std::vector<uint8_t>& record) {
    std::vector<uint8_t> payload(record.size() + 64);
    crypto::record::OpenOp op{};
    op.keys = rx_.get();
    op.record = record.data();
    op.record_size = static_cast<uint32_t>(record.size());
    op.payload = payload.data() + crypto::record::kBlockSize;  // CBC writes before it
    crypto::record::open(mb_, {&op, 1});
    if (op.status != crypto::record::OpenStatus::ok ||
        op.type != crypto::record::ContentType::application_data) {
      return {};
    }
    return std::string(reinterpret_cast<const char*>(op.payload), op.payload_size);
  }

 private:
  crypto::MbManager mb_;
  std::unique_ptr<crypto::record::Keys> rx_;
  std::unique_ptr<crypto::record::Keys> tx_;
  crypto::record::Overhead overhead_;
};

}  // namespace culvert::control::test
