/** Trilead.java PORT USER PASSWORD (LINK TARGET)...: with Trilead SSH-2. */
public class Trilead {
    public static void main(String[] a) throws Exception {
        var connection = new com.trilead.ssh2.Connection("127.0.0.1", Integer.parseInt(a[0]));
        connection.connect();
        if (!connection.authenticateWithPassword(a[1], a[2]))
            System.exit(1);
        var sftp = new com.trilead.ssh2.SFTPv3Client(connection);
        for (int i = 3; i + 1 < a.length; i += 2)
            sftp.createSymlink(a[i], a[i + 1]);
        connection.close();
    }
}
