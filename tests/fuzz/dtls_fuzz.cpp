// DTLS datagrams of a hostile sender, and of a hostile client.
//
// Input: mode and suite (one byte), then
//   mode 0  one datagram of a known flow       mode 1  one datagram of an unknown flow
//   mode 2  datagrams of a client that has the keys: records of type (1), length (1), plaintext;
//           length 255 ends a datagram
//   mode 3  one IP packet, cut into segments
// Checked: no access out of bounds; what comes up is what data packets held, in their order; control
// gets nothing but records of a handshake; at the end no buffer, message or slot is held (Rig looks).
#include <cstdlib>

#include "dataplane/dtls/record_walk.hpp"
#include "dataplane/packet/contiguous.hpp"
#include "tests/dataplane/dtls/rig.hpp"
#include "tests/fuzz/eal.hpp"
#include "tests/fuzz/expectations.hpp"

using namespace culvert;
using namespace culvert::dtls;
using namespace culvert::dtls::test;

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

void check_told(Rig& rig) {
  for (unsigned i = 0; i < rig.workers; ++i) {
    while (const auto t = rig.told(i)) {
      if (t->kind != MessageKind::datagram) continue;
      RecordWalk walk(reinterpret_cast<const uint8_t*>(t->data.data()),
                      static_cast<uint32_t>(t->data.size()));
      Record record;
      WalkResult result;
      while ((result = walk.next(record)) == WalkResult::record)
        require(record.of_handshake());
      require(result == WalkResult::end);
    }
  }
}

void sealed_records(Rig& rig, Client& client, std::string_view bytes) {
  std::vector<std::string> packets;
  std::string datagram;
  bool ended = false;
  while (bytes.size() >= 2) {
    const auto type = (static_cast<uint8_t>(bytes[0]) & 1) == 0 ? ContentType::application_data
                                                                : ContentType::alert;
    const auto length = static_cast<uint8_t>(bytes[1]);
    bytes.remove_prefix(2);
    if (length == 255 || datagram.size() > 1200) {
      rig.land(client, datagram);
      datagram.clear();
      continue;
    }
    const std::string_view plain = bytes.substr(0, length);
    bytes.remove_prefix(plain.size());
    datagram += Rig::record(client, type, plain);
    if (type == ContentType::application_data && !plain.empty() && plain[0] == 0 && !ended) {
      packets.emplace_back(plain.substr(1));
    }
    ended = ended || type == ContentType::alert || (!plain.empty() && plain[0] == 5);
  }
  rig.land(client, datagram);
  // A packet may be dropped, but none is made up, changed or moved.
  auto at = packets.begin();
  for (const auto& p : rig.up) {
    while (at != packets.end() && *at != p)
      ++at;
    if (ended && at == packets.end()) break;  // a warning did not end it after all
    require(at != packets.end());
    ++at;
  }
  (void)rig.hear(client);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  start_once();
  if (size < 2 || size > 1800) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  Rig rig(2, 4, 4, 127);
  const auto suites = crypto::dtls_suites();
  auto client = rig.client(0, 0, 1, &suites[(data[0] >> 2) % suites.size()]);
  rig.install(*client);
  switch (data[0] & 3) {
    case 0:
      rig.land(*client, rest);
      require(rig.up.empty());  // nobody seals without the key
      break;
    case 1:
      rig.land(1, flow_from(dp::test::kFarIp, 9), rest, Steering::by_owner);
      require(rig.up.empty());
      break;
    case 2: sealed_records(rig, *client, rest); break;
    default: {
      dp::Batch batch;
      rte_mbuf* m = rig.pool.packet({data + 1, size - 1}, 1 + data[0]);
      dp::meta(m).family = 4;
      dp::meta(m).l3_size = 20;
      if (m->pkt_len < 20 || !dp::make_contiguous(m, 20)) {
        rte_pktmbuf_free(m);
        break;
      }
      batch.push(m);
      input(rig.w[0]->context, batch, Steering::by_port, rig.now);
      rig.pump();
      require(rig.up.empty());
    }
  }
  check_told(rig);
  return 0;
}
