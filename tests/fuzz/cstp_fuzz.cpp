// CSTP under a hostile client.
//
// Input: mode and suite (one byte), segment size (one byte), then
//   mode 0  one plaintext record for the frame parser, and a TLS record header
//   mode 1  bytes of a connection that is being set up, while control wants records
//   mode 2  records for a tunnel: type (1), length (2), plaintext; sealed with the right key, so
//   that all of it opens mode 3  bytes of a tunnel's stream, behind one good record
// Checked: no access out of bounds; what comes up is what data packets held, in their order; a
// tunnel ends once; and at the end no buffer, message or slot is held (Dialogue looks).
#include <cstdlib>
#include <cstring>

#include "dataplane/cstp/record_header.hpp"
#include "tests/dataplane/cstp/dialogue.hpp"
#include "tests/fuzz/eal.hpp"
#include "tests/fuzz/expectations.hpp"

using namespace culvert;
using namespace culvert::cstp;
using namespace culvert::cstp::test;

namespace {

void require(bool ok) {
  if (!ok) std::abort();
}

void start_once() {
  static const bool started = [] {
    fuzz::start_eal(256);
    fuzz::throw_on_failure();
    return true;
  }();
  require(started);
}

void parse_alone(const uint8_t* data, size_t size) {
  const std::vector<uint8_t> bytes(data, data + size);
  Header h{};
  const ParseResult result = parse(bytes.data(), static_cast<uint32_t>(size), h);
  const bool good = size >= 8 && std::memcmp(data, "STF\1", 4) == 0 && data[7] == 0;
  require((result != ParseResult::bad_framing) == good);
  if (result == ParseResult::ok) require(h.length + 8u == size && h.type == data[6]);
  crypto::record::Header header;
  if (size >= sizeof header) {
    std::memcpy(&header, data, sizeof header);
    const auto record = check_record_header(header);
    if (record.state == RecordHeader::State::ok) {
      require(record.size > 5 && record.size <= crypto::record::kMaxRecord && data[1] == 3);
    }
  }
}

void set_up(Dialogue& d, std::string_view bytes, size_t segment) {
  (void)d.told();
  std::string passed;
  const std::string_view all = bytes;
  d.tell(MessageKind::want_record);
  for (bool ended = false; !ended && !bytes.empty();) {
    d.say(bytes.substr(0, segment));
    bytes.remove_prefix(std::min(bytes.size(), segment));
    while (const auto t = d.told()) {
      if (t->kind == MessageKind::ended) {
        ended = true;
        break;
      }
      require(t->kind == MessageKind::record &&
              t->data.size() == 5u + load_be<uint16_t>(t->data.data() + 3));
      passed += t->data;
      d.tell(MessageKind::want_record);
    }
  }
  require(all.substr(0, passed.size()) == passed);
}

// Control's answer to a KeyUpdate: new keys to seal with, and to open with those that the client goes on with, which
// are the old ones.
void renew(Dialogue& d, uint8_t wanted) {
  dp::Message* m = d.mailbox.allocate_for_worker();
  require(m != nullptr);
  m->kind = MessageKind::rekey;
  m->conn = d.conn;
  const auto& keys = d.tunnels.keys(d.conn.slot);
  if ((wanted & dp::wanted_keys::kReceive) != 0) {
    m->promotion.rx = d.client_material;
    m->promotion.rx.sequence = keys.rx.sequence;
  }
  if ((wanted & dp::wanted_keys::kTransmit) != 0) m->promotion.tx = d.next_server_material();
  require((wanted & dp::wanted_keys::kTransmitAgain) == 0);  // the pool does not run dry here
  d.mailbox.to_worker(m);
  d.pump();
  d.pump();
}

unsigned count_ends(Dialogue& d) {
  unsigned ends = 0;
  while (const auto t = d.told()) {
    require(ends == 0);  // nothing follows `ended`
    ends += t->kind == MessageKind::ended;
    if (t->kind == MessageKind::key_update) renew(d, t->code);
  }
  return ends;
}

void tunnel_records(Dialogue& d, std::string_view bytes, size_t segment) {
  std::vector<std::string> packets;
  std::string stream;
  while (bytes.size() >= 3 && stream.size() < 60'000) {
    const auto type = static_cast<ContentType>(20 + static_cast<uint8_t>(bytes[0]) % 4);
    const size_t length = load_be<uint16_t>(bytes.data() + 1) % 16'385;
    const std::string_view plain = bytes.substr(3, length);
    bytes.remove_prefix(std::min(bytes.size(), 3 + length));
    Header h{};
    if (type == ContentType::application_data &&
        parse(reinterpret_cast<const uint8_t*>(plain.data()), static_cast<uint32_t>(plain.size()),
              h) == ParseResult::ok &&
        h.type == 0) {
      packets.emplace_back(plain.substr(kHeaderSize));
    }
    stream += d.seal(type, plain);
  }
  d.queue(stream, segment);
  d.pump();
  d.pump();
  (void)count_ends(d);
  // A packet may be dropped, but none is made up, changed or moved.
  auto at = packets.begin();
  for (const auto& p : d.up) {
    while (at != packets.end() && *at != p)
      ++at;
    require(at != packets.end());
    ++at;
  }
  (void)d.hear_records();  // whatever the worker said opens at the client
  (void)count_ends(d);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  start_once();
  if (size < 3 || size > 20'000) return 0;
  const unsigned mode = data[0] & 3;
  const auto suites = crypto::tls_suites();
  const auto& suite = suites[(data[0] >> 2) % suites.size()];
  const size_t segment = 1 + data[1] * 5u;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  if (mode == 0) {
    parse_alone(data + 2, size - 2);
    return 0;
  }
  tcp::EndpointConfig config;
  config.max_connections = 4;
  Dialogue d(suite, 8, config);
  if (mode == 1) {
    set_up(d, rest, std::max<size_t>(segment, rest.size() / 64));
    return 0;
  }
  d.promote();
  if (mode == 2) {
    tunnel_records(d, rest, std::max<size_t>(segment, 100));
    return 0;
  }
  d.say(join({d.sealed_packet(PacketType::data, "good"), std::string(rest)}),
        std::max<size_t>(segment, 100));
  require(d.up == std::vector<std::string>{"good"});  // nobody seals without the key
  (void)d.hear_records();
  (void)count_ends(d);
  return 0;
}
