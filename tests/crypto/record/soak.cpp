#include "tests/crypto/record/soak.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "tests/crypto/record/evp_record.hpp"

namespace culvert::crypto::record {
namespace {

using Bytes = std::vector<uint8_t>;

bool is_datagram(const Suite& suite) {
  return suite.version != Version::tls12 && suite.version != Version::tls13;
}

}  // namespace

struct Soak::Session {
  const Suite* suite;
  KeyMaterial material;
  Keys sealing;
  Keys opening;
  uint64_t next_sealed = 0;  // sequence number, of DTLS with epoch
  uint64_t next_nonce = 0;
  uint64_t next_opened = 0;
  Bytes last;  // that was opened

  [[noreturn]] void fail(const std::string& what, size_t size) const {
    throw std::runtime_error(std::string(suite->name) + " " +
                             std::string(to_string(suite->version)) + ", payload of " +
                             std::to_string(size) + " bytes: " + what);
  }
  void install_opening(const MbManager& mb) {
    KeyMaterial m = material;
    m.sequence = next_opened;
    if (!opening.install(mb, m)) fail("keys refused", 0);
  }
};

Soak::Soak(Isa isa, uint64_t seed) : mb_(isa), rng_(seed) {
  for (const auto rows : {tls_suites(), dtls_suites(), dtls09_suites()})
    suites_.insert(suites_.end(), rows.begin(), rows.end());
  for (const Suite& suite : suites_) {
    for (int i = 0; i < 2; i++) {
      auto s = std::make_unique<Session>();
      s->suite = &suite;
      s->material.suite = &suite;
      s->material.key.assign(random_bytes(suite.key_size));
      s->material.mac_key.assign(random_bytes(mac_size(suite.mac)));
      s->material.iv.assign(random_bytes(suite.fixed_iv_size));
      const uint64_t number = rng_() >> 17;  // leaves 2^48 less a few of DTLS's out
      s->material.sequence = is_datagram(suite) ? dtls_sequence(1, number) : number;
      s->material.explicit_nonce = rng_();
      s->next_sealed = s->next_opened = s->material.sequence;
      s->next_nonce = s->material.explicit_nonce;
      if (!s->sealing.install(mb_, s->material)) s->fail("keys refused", 0);
      s->install_opening(mb_);
      sessions_.push_back(std::move(s));
    }
  }
}

Soak::~Soak() = default;

Bytes Soak::random_bytes(size_t size) {
  Bytes out((size + 7) / 8 * 8);
  for (size_t i = 0; i < out.size(); i += 8)
    store_be<uint64_t>(&out[i], rng_());
  out.resize(size);
  return out;
}

// Mostly packets, some as large as a record can be.
size_t Soak::payload_size() {
  const size_t kind = below(100);
  if (kind < 2) return below(kMaxPlaintext + 1);
  if (kind < 40) return below(1500);
  return below(300);
}

// Often the same as before: runs of alike ops are short and long.
Soak::Session& Soak::next_session() {
  if (current_ == nullptr || one_in(3)) current_ = sessions_[below(sessions_.size())].get();
  return *current_;
}

// False if there is no way to spoil it: a record of TLS or DTLS is replayed only if there was one before.
bool Soak::spoil(Bytes& record, const Session& session) {
  const size_t kind = below(4);
  if (kind == 0) {
    record.resize(below(record.size()));
  } else if (kind == 1) {
    // Cut, with a header that agrees.
    const uint32_t header = header_size(session.suite->version);
    record.resize(header + below(record.size() - header));
    store_be<uint16_t>(&record[header - 2], static_cast<uint16_t>(record.size() - header));
  } else if (kind == 2 && !is_datagram(*session.suite)) {
    // A replay. Whether a datagram is one is for the window to know.
    if (session.last.empty()) return false;
    record = session.last;
  } else {
    record[below(record.size())] ^= static_cast<uint8_t>(1 << below(8));
  }
  return true;
}

void Soak::burst() {
  seal_burst();
  open_burst();
}

void Soak::seal_burst() {
  const size_t count = 1 + below(64);
  std::vector<SealOp> ops;
  std::vector<Session*> of;
  std::vector<Bytes> records(count);
  std::vector<Bytes> payloads(count);
  for (size_t i = 0; i < count; i++) {
    Session& s = next_session();
    const Overhead o = overhead(*s.suite);
    payloads[i] = random_bytes(payload_size());
    records[i].resize(payloads[i].size() + o.total());
    std::copy(payloads[i].begin(), payloads[i].end(), records[i].begin() + o.prefix);
    ops.push_back({&s.sealing, records[i].data(), static_cast<uint32_t>(payloads[i].size()),
                   static_cast<ContentType>(one_in(50) ? 21 : 23), 0});
    of.push_back(&s);
  }
  seal(mb_, ops);
  for (size_t i = 0; i < count; i++) {
    Session& s = *of[i];
    const uint32_t header = header_size(s.suite->version);
    records[i].resize(ops[i].record_size);
    if (records[i].size() < overhead(*s.suite).shortest) s.fail("not sealed", payloads[i].size());
    Forgery f;
    f.sequence = s.next_sealed++;
    f.explicit_nonce = is_datagram(*s.suite) ? f.sequence : s.next_nonce++;
    f.inner_type = static_cast<uint8_t>(ops[i].type);
    if (s.suite->version != Version::tls13) f.outer_type = f.inner_type;
    if (is_cbc(s.suite->cipher))  // the IV is the sealer's choice
      f.iv.assign(records[i].begin() + header, records[i].begin() + header + kBlockSize);
    if (records[i] != evp_seal(s.material, f, payloads[i]))
      s.fail("sealed otherwise than by EVP", payloads[i].size());
    sealed_++;
  }
}

void Soak::open_burst() {
  const size_t count = 1 + below(64);
  std::vector<OpenOp> ops;
  std::vector<Session*> of;
  std::vector<Bytes> records(count);
  std::vector<Bytes> elsewhere(count);
  std::vector<Bytes> payloads(count);
  std::vector<Bytes> sealed(count);
  std::vector<bool> spoilt(count);
  for (size_t i = 0; i < count; i++) {
    Session& s = next_session();
    payloads[i] = random_bytes(payload_size());
    Forgery f;
    f.sequence = s.next_opened + static_cast<uint64_t>(std::count(of.begin(), of.end(), &s));
    f.explicit_nonce = rng_();
    if (is_cbc(s.suite->cipher)) {
      f.iv = random_bytes(kBlockSize);
      f.padding = 16 * below(16);
    } else if (s.suite->version == Version::tls13 && one_in(4)) {
      f.padding = below(kMaxPlaintext + 1 - payloads[i].size());
    }
    records[i] = sealed[i] = evp_seal(s.material, f, payloads[i]);
    spoilt[i] = one_in(16) && spoil(records[i], s);
    of.push_back(&s);
    const uint32_t prefix = overhead(*s.suite).prefix;
    uint8_t* payload = records[i].data() + prefix;
    if (one_in(2)) {
      elsewhere[i].resize(records[i].size() + 64);
      payload = elsewhere[i].data() + kBlockSize;
    }
    ops.push_back({&s.opening,
                   records[i].data(),
                   static_cast<uint32_t>(records[i].size()),
                   payload,
                   0,
                   {},
                   {}});
  }
  open(mb_, ops);
  for (size_t i = 0; i < count; i++) {
    Session& s = *of[i];
    const size_t size = payloads[i].size();
    const bool ok = ops[i].status == OpenStatus::ok;
    if (ops[i].status == OpenStatus::held) {
      // Behind one that failed. It is the last that is heard of it: the number is given again.
      if (is_datagram(*s.suite)) s.fail("a datagram was held", size);
      continue;
    }
    if (spoilt[i]) {
      if (ok) s.fail("spoilt, and opened", size);
      refused_++;
      if (!is_datagram(*s.suite) && !s.opening.held) s.fail("not held behind a failure", size);
      continue;
    }
    if (!ok)
      s.fail("did not open: status " + std::to_string(static_cast<int>(ops[i].status)), size);
    if (ops[i].payload_size != size ||
        !std::equal(payloads[i].begin(), payloads[i].end(), ops[i].payload)) {
      s.fail("opened to something else", size);
    }
    opened_++;
    s.last = sealed[i];
    if (!is_datagram(*s.suite)) s.next_opened++;
  }
  // A datagram's number is used whether it opens or not; a connection that has failed begins anew.
  for (Session* s : of) {
    if (is_datagram(*s->suite)) {
      s->next_opened++;
    } else if (s->opening.held) {
      s->install_opening(mb_);
    }
  }
}

}  // namespace culvert::crypto::record
