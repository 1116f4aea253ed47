// Hostile TLS and DTLS records against open(), for every kind of suite with a fixed key.
//
// Input: suite, in-place flag and instruction set (one byte), mode (one byte), then the record, or
// what to seal and how to change it. Checked: no access beyond record or payload (guard pages), the
// record is only read, what was changed or never sealed does not open, what was sealed opens to the
// same bytes, sizes within bounds.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "crypto/record/protection.hpp"
#include "tests/crypto/guarded_buffer.hpp"

using namespace culvert::crypto;
using namespace culvert::crypto::record;

namespace {

void require(bool ok) {
  if (!ok) std::abort();
}

struct Kind {
  Suite suite;
  bool encrypt_then_mac;
};

// One row of each version, cipher and MAC; CBC in either order of MAC and encryption.
std::vector<Kind> kinds_of_suites() {
  std::vector<Kind> out;
  const auto add = [&out](const Suite& s) {
    const bool known = std::any_of(out.begin(), out.end(), [&s](const Kind& k) {
      const Suite& o = k.suite;
      return o.version == s.version && o.cipher == s.cipher && o.mac == s.mac;
    });
    if (known) return;
    out.push_back({s, false});
    if (is_cbc(s.cipher) && s.version != Version::dtls09) out.push_back({s, true});
  };
  for (const auto rows : {tls_suites(), dtls_suites(), dtls09_suites()}) {
    for (const Suite& s : rows)
      add(s);
  }
  return out;
}

KeyMaterial fixed_material(const Kind& kind) {
  const Suite& suite = kind.suite;
  const std::vector<uint8_t> bytes(48, 0x5a);
  KeyMaterial out;
  out.encrypt_then_mac = kind.encrypt_then_mac;
  out.suite = &suite;
  out.key.assign(std::span(bytes).first(suite.key_size));
  out.mac_key.assign(std::span(bytes).first(mac_size(suite.mac)));
  out.iv.assign(std::span(bytes).first(suite.fixed_iv_size));
  return out;
}

struct Bench {
  MbManager managers[2] = {MbManager(Isa::sse), MbManager(best_isa(0))};
  Keys keys;
  GuardedBuffer record{70000};
  GuardedBuffer payload{70000};
};

// `sealed_payload` is what must come out, or nullptr where nothing may.
void check_open(Bench& bench, const MbManager& mb, const Kind& kind, std::span<const uint8_t> bytes,
                bool in_place, const std::vector<uint8_t>* sealed_payload) {
  const Suite& suite = kind.suite;
  require(bench.keys.install(mb, fixed_material(kind)));
  const auto o = overhead(suite);
  const size_t outside = o.prefix + (is_cbc(suite.cipher) ? 0 : kTagSize);
  const size_t room = bytes.size() < outside ? 0 : bytes.size() - outside;
  const auto in = bench.record.hold(bytes);
  const auto out = in_place && room > 0 ? in.subspan(o.prefix, room) : bench.payload.last(room);
  OpenOp op{&bench.keys, in.data(), static_cast<uint32_t>(in.size()), out.data(), 0, {}, {}};
  open(mb, {&op, 1});
  if (!in_place) require(std::equal(in.begin(), in.end(), bytes.begin()));
  if (sealed_payload == nullptr) {
    require(op.status != OpenStatus::ok && op.payload_size == 0);
    require(bench.keys.held == (!is_dtls(suite.version)));
    return;
  }
  require(op.status == OpenStatus::ok && op.payload_size == sealed_payload->size());
  require(std::equal(sealed_payload->begin(), sealed_payload->end(), op.payload));
}

std::vector<uint8_t> sealed(Bench& bench, const MbManager& mb, const Kind& kind,
                            const std::vector<uint8_t>& payload, ContentType type) {
  const Suite& suite = kind.suite;
  require(bench.keys.install(mb, fixed_material(kind)));
  const auto o = overhead(suite);
  std::vector<uint8_t> record(payload.size() + o.total());
  std::copy(payload.begin(), payload.end(), record.begin() + o.prefix);
  SealOp op{&bench.keys, record.data(), static_cast<uint32_t>(payload.size()), type, 0};
  seal(mb, {&op, 1});
  require(op.record_size == record_size(suite, op.payload_size, kind.encrypt_then_mac));
  record.resize(op.record_size);
  return record;
}

// A peer that holds the keys, but puts any type there: in TLS 1.3, with type 0, the payload ends in
// padding.
void check_type(Bench& bench, const MbManager& mb, const Kind& kind,
                const std::vector<uint8_t>& record, std::vector<uint8_t> payload, uint8_t type,
                bool in_place) {
  int lowest = 20;
  if (kind.suite.version == Version::tls13) {
    lowest = 21;
    payload.push_back(type);
    while (!payload.empty() && payload.back() == 0)
      payload.pop_back();
    type = payload.empty() ? 0 : payload.back();
    if (!payload.empty()) payload.pop_back();
  }
  const bool good = type >= lowest && type <= 23 && (type == 23 || !payload.empty());
  check_open(bench, mb, kind, record, in_place, good ? &payload : nullptr);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Bench bench;
  if (size < 4 || size > 66000) return 0;
  static const std::vector<Kind> kinds = kinds_of_suites();
  const Kind& kind = kinds[((data[0] & 31u) | (data[0] & 0x80u) >> 2) % kinds.size()];
  const MbManager& mb = bench.managers[data[0] >> 6 & 1];
  const bool in_place = (data[0] & 0x20) != 0;
  const uint8_t mode = data[1] % 5;
  const std::span<const uint8_t> rest(data + 2, size - 2);

  if (mode == 0) {
    // As it comes. Without the key nobody makes a record that opens.
    check_open(bench, mb, kind, rest, in_place, nullptr);
    return 0;
  }
  const size_t where = culvert::load_be<uint16_t>(rest.data());
  const size_t length = std::min<size_t>(rest.size() - 2, kMaxPlaintext);
  const std::vector<uint8_t> payload(rest.begin() + 2,
                                     rest.begin() + 2 + static_cast<long>(length));
  const auto type =
      mode == 4 ? static_cast<ContentType>(where >> 8) : ContentType::application_data;
  std::vector<uint8_t> record = sealed(bench, mb, kind, payload, type);
  switch (mode) {
    case 4:
      check_type(bench, mb, kind, record, payload, static_cast<uint8_t>(type), in_place);
      return 0;
    case 1: check_open(bench, mb, kind, record, in_place, &payload); return 0;
    case 2: record[where % record.size()] ^= static_cast<uint8_t>(1u << (data[1] >> 5)); break;
    default:
      // Cut, with a header that agrees.
      record.resize(where % record.size());
      if (const uint32_t header = header_size(kind.suite.version); record.size() >= header) {
        culvert::store_be<uint16_t>(&record[header - 2],
                                    static_cast<uint16_t>(record.size() - header));
      }
  }
  check_open(bench, mb, kind, record, in_place, nullptr);
  return 0;
}
