// What the routes work with; made once by `ManagementServer`.

import Hummingbird
import SlipwayAPI
import SlipwayBlobs
import SlipwayControl

struct Services: Sendable {
    let control: ControlPlane
    let uploads: S3Service
    let address: PublicAddress
    /// The OpenAPI document as it is answered; its making takes a while.
    let contract: ByteBuffer

    init(control: ControlPlane, uploads: S3Service, address: PublicAddress) {
        self.control = control
        self.uploads = uploads
        self.address = address
        contract = ByteBuffer(bytes: OpenAPIDocument.json(serverURL: address.apiURL))
    }
}
